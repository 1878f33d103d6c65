"""Given: what a policy for many tasks is told when it is judged. Each way of telling has a name in the tables.

right             the task it is judged by
something else    another task than the one it is judged by: a policy that ignores z does as well here as above
recombined, reworded, german    (words) sentences that it has never seen; see kit/sentences.py
unseen            (demo) demonstrations that it has never seen; "right" are those of the training
"""

import numpy as np

from .kit.demos import Demos
from .kit.sentences import KINDS, Kind, Vocabulary, sentences
from .task_batches import frames
from .task_policy import Z

RIGHT, ELSE, UNSEEN = "right", "something else", "unseen"


def ways(
    z: Z, tasks: np.ndarray, num_tasks: int, seen: Demos, unseen: Demos, rng: np.random.Generator
) -> dict:
    """Name -> what the policy is told in each of n episodes, which are judged by `tasks` (n,)."""
    other = (tasks + rng.integers(1, num_tasks, size=len(tasks))) % num_tasks
    if z == "words":
        told = {RIGHT if kind == "seen" else kind: instructions(tasks, kind, rng) for kind in KINDS}
        return told | {ELSE: instructions(other, "seen", rng)}
    if z == "demo":
        return {
            RIGHT: shown(seen, tasks, rng),
            UNSEEN: shown(unseen, tasks, rng),
            ELSE: shown(unseen, other, rng),
        }
    return {RIGHT: tasks, ELSE: other}


def instructions(tasks: np.ndarray, kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Tokens (n, L) of a sentence of this kind for each task."""
    texts = [str(rng.choice(sentences(int(task), kind))) for task in tasks]
    return Vocabulary().tokens(texts)


def shown(demos: Demos, tasks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames (n, F, O) of a demonstration of each task."""
    return frames(demos.obs[[rng.choice(np.flatnonzero(demos.tasks == task)) for task in tasks]])
