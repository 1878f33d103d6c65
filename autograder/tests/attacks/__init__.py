"""Attacks on the grader, as submissions. `python -m autograder.tests.attacks` hands each in and prints what came of it.

    forge.py     get a point without solving anything
    escape.py    leave the worker: read, write, connect, signal (the canary's attempts one by one, and more)
    exhaust.py   use up memory, disk, threads, descriptors, time
    speak.py     answer the grader with nonsense, or with values made to hurt it
    fields.py    answer with every field of every odd kind; patch the code that makes the answers
    capacity.py  carry hidden inputs out in the line that a hidden check shows, each way there is, in bits
    running.py   hands them in, one after the other, and looks for points, secrets and processes left behind

The code of an attack is a whole `sums.py`. Its honest equivalent solves nothing in it, so it must get 0 of its 10
points, and the 10 points of the honest `words.py` beside it must stay.
"""
