"""Confinement, as a worker brings it upon itself: what it may no longer do once it runs code that nobody trusts.

layers.py      which layers there are, and what a set of them is called
uid.py         a user id that nobody else has, for each worker (where the grader is root)
landlock.py    which files may be opened
seccomp.py     which system calls may be made
limits.py      how much memory, disk, how many threads and files
files.py       where the files of honest code land
scratch.py     deleting what a worker leaves behind
readable.py    the paths that Python needs, for the layers that list them
apply.py       all of that in the right order, in a worker

What is around the preloaded process (bubblewrap, sandbox-exec) and what this machine offers of all that stand in
`grader/outside/`.
"""
