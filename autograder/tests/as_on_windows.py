"""Run a command without what Windows does not have: `python -m autograder.tests.as_on_windows MODULE WORDS…`.

The libraries are loaded first, since they ask which system this is and go other ways on Windows. Then the modules and
functions that only POSIX has are taken away, and the command is run: whatever of ours asks for one of them fails.
The numbers that `os.open` takes stay, since libraries use them here. What else is different there (how paths are
written, files that are open) is not shown by this.
"""

import importlib
import os
import runpy
import signal
import socket
import sys
import time

LIBRARIES = """
    asyncio multiprocessing.pool concurrent.futures.thread ctypes.util getpass pdb tempfile torch torch._dynamo
    torch.utils.tensorboard numpy mujoco gymnasium gymnasium_robotics pytest tyro rich.console rich.progress
    matplotlib.figure matplotlib.backends.backend_agg imageio.v2 imageio_ffmpeg safetensors.torch filelock PIL.Image
"""
MODULES = "resource pwd grp fcntl termios tty pty posix syslog crypt spwd nis ossaudiodev readline curses"
OF_OS = """
    fork forkpty setpgid getuid geteuid getgid getegid getgroups setuid seteuid setgid setegid setgroups
    setsid getsid getpgid getpgrp killpg uname nice sched_getaffinity sched_setaffinity chown lchown fchown
    chroot mkfifo mknod openpty ttyname ctermid statvfs fstatvfs sysconf pathconf fpathconf confstr getloadavg
    wait wait3 wait4 waitid WNOHANG WIFEXITED WEXITSTATUS WIFSIGNALED WTERMSIG WIFSTOPPED pread pwrite readv
    writev sendfile posix_fallocate posix_fadvise posix_spawn memfd_create copy_file_range
""".split()
OF_SIGNAL = """
    SIGALRM SIGHUP SIGKILL SIGPROF SIGUSR1 SIGUSR2 SIGQUIT SIGCHLD SIGXCPU SIGPIPE setitimer getitimer alarm pause
    pthread_kill pthread_sigmask sigwait ITIMER_REAL ITIMER_PROF
""".split()
OF_SOCKET = "AF_UNIX send_fds recv_fds".split()


def main() -> None:
    """The command line."""
    for name in LIBRARIES.split():
        importlib.import_module(name)
    for name in MODULES.split():
        sys.modules[name] = None  # type: ignore[assignment]  # importing it is an ImportError
    for module, names in ((os, OF_OS), (signal, OF_SIGNAL), (socket, OF_SOCKET), (time, ["tzset"])):
        for name in names:
            vars(module).pop(name, None)
    command, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(command, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
