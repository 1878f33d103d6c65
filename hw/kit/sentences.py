"""Instructions for the six tasks of `desk`: what a policy is trained on, and sentences that it has never seen.

    seen        sentences of the training
    recombined  the same words, but the verb never stood with this place
    reworded    a verb of the training is replaced by one that never occurred
    german      every word with a content is new

A sentence is an opening, a verb, an object and a place: "please | push | the block | to the left".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np

Kind = Literal["seen", "recombined", "reworded", "german"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PADDING, UNKNOWN = 0, 1  # tokens; the words follow

OPENINGS = ("", "please", "now", "robot")
PUSH, NEW_PUSH = ("push", "move", "shove", "slide"), ("press", "drive", "nudge", "shift")
LIFT, NEW_LIFT = ("lift", "raise", "pick"), ("hoist", "heave", "elevate")
HOLD, NEW_HOLD = ("hold", "keep", "put"), ("rest", "place", "hover")
THINGS, HANDS = ("the block", "the cube", "it"), ("the hand", "your hand", "the gripper")


@dataclass(frozen=True)
class Words:
    """The ways to say one task, in the order of `desk().names`."""

    verbs: tuple[str, ...]
    new_verbs: tuple[str, ...]
    objects: tuple[str, ...]
    places: tuple[str, ...]
    german: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]  # verbs, objects, places


GERMAN_PUSH, GERMAN_THINGS = ("schieb", "bewege", "drück"), ("den Klotz", "den Würfel", "ihn")
TASKS = (
    Words(PUSH, NEW_PUSH, THINGS, ("to the left", "left", "to your left", "leftwards"),
          (GERMAN_PUSH, GERMAN_THINGS, ("nach links", "zur linken Seite"))),
    Words(PUSH, NEW_PUSH, THINGS, ("to the right", "right", "to your right", "rightwards"),
          (GERMAN_PUSH, GERMAN_THINGS, ("nach rechts", "zur rechten Seite"))),
    Words(PUSH, NEW_PUSH, THINGS, ("away from you", "away", "far away", "forwards"),
          (GERMAN_PUSH, GERMAN_THINGS, ("von dir weg", "nach vorn"))),
    Words(PUSH, NEW_PUSH, THINGS, ("towards you", "near you", "to you", "backwards"),
          (GERMAN_PUSH, GERMAN_THINGS, ("zu dir", "nach hinten"))),
    Words(LIFT, NEW_LIFT, THINGS, ("", "up", "off the table", "into the air"),
          (("hebe", "nimm"), GERMAN_THINGS, ("hoch", "in die Luft", "vom Tisch auf"))),
    Words(HOLD, NEW_HOLD, HANDS, ("over the block", "above the block", "over the cube", "above the cube"),
          (("halte", "lass"), ("den Arm", "den Greifer"), ("über dem Klotz", "über dem Würfel"))),
)  # fmt: skip
HELD_OUT = 4  # one of so many pairs of verb and place is kept for "recombined"


def sentences(task: int, kind: Kind) -> tuple[str, ...]:
    """All sentences of a kind for one task."""
    words = TASKS[task]
    verbs, objects, places = (words.verbs, words.objects, words.places)
    if kind == "german":
        return _joined(product(("", "bitte"), *words.german))
    if kind == "reworded":
        return _joined(product(OPENINGS, words.new_verbs, objects, places))
    pairs = product(enumerate(verbs), enumerate(places))
    kept_back = {(v, p) for (i, v), (j, p) in pairs if (i + j) % HELD_OUT == 1}
    every = product(OPENINGS, verbs, objects, places)
    return _joined(parts for parts in every if ((parts[1], parts[3]) in kept_back) == (kind == "recombined"))


def _joined(sentences: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(" ".join(" ".join(parts).split()) for parts in sentences)


class Vocabulary:
    """Words <-> tokens. The words of the training are known; all others are one token, UNKNOWN."""

    def __init__(self, words: tuple[str, ...] | None = None) -> None:
        seen = (
            word for task in range(len(TASKS)) for text in sentences(task, "seen") for word in split(text)
        )
        self.words = tuple(sorted(set(seen))) if words is None else words
        self._token = {word: place for place, word in enumerate(self.words, start=UNKNOWN + 1)}

    def __len__(self) -> int:
        return len(self.words) + 2

    def unknown(self, text: str) -> list[str]:
        """The words of a sentence that are none of the training."""
        return [word for word in split(text) if word not in self._token]

    def tokens(self, texts: tuple[str, ...] | list[str]) -> np.ndarray:
        """(B, L) int64, padded with 0 to the longest of these sentences."""
        rows = [[self._token.get(word, UNKNOWN) for word in split(text)] for text in texts]
        length = max(1, *map(len, rows))
        return np.array([row + [PADDING] * (length - len(row)) for row in rows], dtype=np.int64)


def split(text: str) -> list[str]:
    """The words of a sentence, without capitals, commas and full stops."""
    return text.lower().replace(",", " ").replace(".", " ").replace("!", " ").split()
