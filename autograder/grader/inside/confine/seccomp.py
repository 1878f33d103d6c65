"""seccomp: the system calls that computing with Python, NumPy and torch needs, and no other.

A list of what is allowed, not of what is forbidden: a call that a future kernel adds, or that this libseccomp has no
name for, is refused. Refusals are errors (never a kill), so that code which only tries something goes on: `EPERM` where
somebody may read the message, and otherwise `ENOSYS`, upon which the C library falls back to what is allowed.
The numbers of the calls, which differ between x86-64 and aarch64, are libseccomp's business.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

ALLOWED = """
    brk mmap munmap mprotect mremap madvise mincore membarrier
    futex futex_time64 set_robust_list get_robust_list rseq set_tid_address gettid arch_prctl
    sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
    exit exit_group wait4 waitid restart_syscall pause
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer
    getrusage sysinfo uname getcpu getrandom getrlimit setrlimit
    getpid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups getresuid getresgid
    close close_range read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek
    stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir
    getdents getdents64 unlink unlinkat rmdir rename renameat renameat2
    ftruncate flock fallocate fsync fdatasync fadvise64 sendfile copy_file_range dup dup2 dup3 pipe pipe2
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2
    sendto recvfrom
""".split()  # the last two work on the worker's one socket; there is no way to make another

# Refused like all others, but with a message that says so.
REFUSED = """
    socket socketpair connect bind listen accept accept4 sendmsg recvmsg
    fork vfork execve execveat setsid setpgid ptrace process_vm_readv process_vm_writev pidfd_open pidfd_send_signal
    chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes utimensat futimesat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr link linkat symlink symlinkat mknod mknodat
    truncate
    mount umount2 pivot_root chroot unshare setns memfd_create shmget shmat semget msgget mq_open io_uring_setup
    setuid setgid setresuid setresgid setreuid setregid setgroups capset bpf perf_event_open userfaultfd keyctl add_key
    setpriority sched_setaffinity sched_setscheduler sched_setattr ioprio_set rt_sigqueueinfo rt_tgsigqueueinfo
""".split()

_UNKNOWN = -1  # what libseccomp answers to a name it has never heard
_CLONE_THREAD = 0x00010000
# What a stream needs. Not F_SETOWN and F_SETSIG: they have the kernel send any signal to any process of the same user.
_FCNTL = {
    "F_DUPFD": 0,
    "F_GETFD": 1,
    "F_SETFD": 2,
    "F_GETFL": 3,
    "F_SETFL": 4,
    "F_GETLK": 5,
    "F_SETLK": 6,
    "F_SETLKW": 7,
    "F_DUPFD_CLOEXEC": 1030,
}
_IOCTL = {"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B, "FIONBIO": 0x5421, "FIOCLEX": 0x5451}
_PRCTL = {"PR_SET_NAME": 15, "PR_GET_NAME": 16}  # not PR_SET_PDEATHSIG, which would let it outlive its parent


class Condition(NamedTuple):
    """Allow `call` only where argument number `argument`, masked with `mask`, is `value`."""

    call: str
    argument: int
    mask: int
    value: int


_EVERY = 2**64 - 1
_S_ISVTX, _OWNER = 0o1000, 0o700


def conditions() -> list[Condition]:
    """Calls whose arguments decide; any one of a call's conditions is enough."""
    found = [Condition("clone", 0, _CLONE_THREAD, _CLONE_THREAD)]  # a thread, not a process
    found += [Condition("fcntl", 1, _EVERY, value) for value in _FCNTL.values()]
    found += [Condition("ioctl", 1, _EVERY, value) for value in _IOCTL.values()]
    found += [Condition("prctl", 0, _EVERY, value) for value in _PRCTL.values()]
    found += [Condition("prlimit64", 0, _EVERY, 0)]  # 0: this process
    # A folder that its owner cannot list could hide files from those who watch the disk, and resist being deleted.
    for call, mode in (("mkdir", 1), ("mkdirat", 2)):
        found += [Condition(call, mode, _S_ISVTX | _OWNER, _OWNER)]
    found += [Condition("umask", 0, _OWNER, 0)]
    for call, flags in (("open", 1), ("openat", 2)):
        # Truncating while opening read-only is not covered by the first two versions of Landlock.
        found += [Condition(call, flags, os.O_TRUNC, 0)]
        found += [Condition(call, flags, os.O_ACCMODE, mode) for mode in (os.O_WRONLY, os.O_RDWR)]
    return found


def own(pid: int) -> list[Condition]:
    """What the process `pid` may do to itself alone."""
    return [Condition(name, 0, _EVERY, pid) for name in ("kill", "tgkill", "prlimit64")]


def prepare(arch: int | None = None) -> SyscallFilter:
    """The filter that all workers share, not yet in force; `arch` (of pyseccomp's `Arch`) is this machine's by default.

    Raises `RuntimeError` where libseccomp is not installed, and `OSError` where it refuses a rule.
    """
    import pyseccomp as sc

    rules = sc.SyscallFilter(sc.ERRNO(errno.ENOSYS))
    if arch is not None and arch != sc.system_arch():
        rules.add_arch(arch)
        rules.remove_arch(sc.system_arch())
    for names, action in ((ALLOWED, sc.ALLOW), (REFUSED, sc.ERRNO(errno.EPERM))):
        for name in names:
            if (number := sc.resolve_syscall(sc.Arch.NATIVE, name)) != _UNKNOWN:
                rules.add_rule(action, number)
    _allow(rules, conditions())
    rules.add_rule(sc.ERRNO(errno.EPERM), "clone", sc.Arg(0, sc.MASKED_EQ, _CLONE_THREAD, 0))
    return rules


def complete(rules: SyscallFilter, pid: int) -> None:
    """Add to a filter what only the process `pid` may do."""
    import pyseccomp as sc

    _allow(rules, own(pid))
    rules.add_rule(sc.ERRNO(errno.EPERM), "kill", sc.Arg(0, sc.NE, pid))


def restrict(rules: SyscallFilter) -> None:
    """Put a filter of `prepare` in force for this process, for good. It must have one thread. Raises `OSError`."""
    complete(rules, os.getpid())
    rules.load()


def _allow(rules: SyscallFilter, allowed: list[Condition]) -> None:
    import pyseccomp as sc

    for call, argument, mask, value in allowed:
        rules.add_rule(sc.ALLOW, call, sc.Arg(argument, sc.MASKED_EQ, mask, value))
