"""How much a worker may use. The kernel holds the limits of one process; the folder it writes to is watched."""

from __future__ import annotations

import os
import resource

# Bytes of address space, beyond what the preloaded process has; training with torch takes half of it.
MEMORY = 2**30
FILE_SIZE = 32 * 2**20  # bytes, of one file
OPEN_FILES = 256
THREADS = 64  # beyond those that the same user already runs
# Bytes in the scratch folder, all files together; found out by looking, so it can be overshot.
DISK = 64 * 2**20
DISK_FILES = 1000  # and folders
DEPTH = 16  # of folders within folders


def set_limits(threads: int) -> None:
    """Limit memory, file sizes, open files, and this user's threads to `threads` (root is exempt from the last)."""
    size = int(_whole("/proc/self/statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _limit(resource.RLIMIT_AS, size + MEMORY)
    _limit(resource.RLIMIT_FSIZE, FILE_SIZE)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_NPROC, threads)
    _limit(resource.RLIMIT_MSGQUEUE, 0)
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(fd, b"1000")  # where memory runs out after all, the worker goes and not the grader
    os.close(fd)


def threads_of(uid: int) -> int:
    """How many threads user `uid` runs now: RLIMIT_NPROC counts them all together."""
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == uid:
                    count += len(os.listdir(f"/proc/{entry.name}/task"))
            except OSError:  # it has ended meanwhile
                continue
    return count


def too_much_on_disk(folder: str) -> str:
    """What the folder holds beyond what is allowed, as in "more than 64 MB"; "" where it keeps within the limits."""
    total = number = 0
    pending = [(folder, 1)]
    while pending:
        path, depth = pending.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    number += 1
                    total += _bytes_of(entry)
                    if total > DISK:
                        return f"more than {DISK // 2**20} MB"
                    if number > DISK_FILES:
                        return f"more than {DISK_FILES} files and folders"
                    if entry.is_dir(follow_symlinks=False):
                        if depth > DEPTH:
                            return f"folders more than {DEPTH} deep"
                        pending.append((entry.path, depth + 1))
        except OSError:  # the folder has gone meanwhile
            continue
    return ""


def _bytes_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:  # it has gone meanwhile
        return 0


def _whole(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    content = os.read(fd, 4096)
    os.close(fd)
    return content


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))
