"""Confinement: what a worker may no longer do once it runs code that nobody trusts.

layers.py      which layers there are, and what a set of them is called
probe.py       which of them this machine offers, found by running them
bubblewrap.py  a process tree, network and file system of its own, around the preloaded process
uid.py         a user id that nobody else has, for each worker (where the grader is root)
landlock.py    which files may be opened
seccomp.py     which system calls may be made
limits.py      how much memory, disk, how many threads and files
files.py       where the files of honest code land
scratch.py     deleting what a worker leaves behind
readable.py    the paths that Python needs, for the layers that list them
apply.py       all of that in the right order, in a worker
escapes.py     attempts to get out, as a submission would make them
canary.py      makes those attempts before a grading, and says which of them succeeded
"""
