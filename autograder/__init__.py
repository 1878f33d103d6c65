"""The autograder. A folder ships or it does not: `staff/`, `bench/` and `tests/` are never handed out."""

from envs.interrupt import while_loading

while_loading()
