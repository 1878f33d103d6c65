"""What the runs mean: which wrong code gets through, which right code loses, which message says what is not so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.grader.outcomes import Outcome
from autograder.staff.verify.run import Ended
from autograder.staff.verify.submissions import MUTANTS, Role, Submission
from envs.errors import UserMistake

NEUTRAL = MUTANTS / "neutral.toml"


@dataclass(frozen=True)
class Neutral:
    """The sentences that state only what was observed, of any code that fails their check.

    `…` in one of them stands for any text.
    """

    sentences: Mapping[str, Sequence[str]]  # sub-part, or "any" -> its sentences

    def covers(self, subpart: str, message: str) -> bool:
        return any(p.fullmatch(message) for key in ("any", subpart) for p in self._patterns.get(key, ()))

    @cached_property
    def _patterns(self) -> dict[str, list[re.Pattern[str]]]:
        return {key: [_pattern(s) for s in sentences] for key, sentences in self.sentences.items()}


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in sentence.split("…")), re.DOTALL)


def read_neutral(path: Path = NEUTRAL) -> Neutral:
    try:
        return Neutral(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UserMistake(f"{path} cannot be read: {error}") from error


@dataclass(frozen=True)
class Judged:
    """One submission: how its checks ended at every seed, and what its student would read."""

    submission: Submission
    ended: Sequence[Ended]
    known: bool  # nothing had to be run
    messages: Mapping[str, str] = field(default_factory=dict)  # sentence -> "right", "vague" or "false"

    @cached_property
    def failures(self) -> dict[str, set[int]]:
        """Check -> the seeds at which it did not pass."""
        found: dict[str, set[int]] = {}
        for ended in self.ended:
            if ended.outcome is not Outcome.PASSED:
                found.setdefault(ended.check, set()).add(ended.seed)
        return found

    @property
    def seeds(self) -> set[int]:
        return {ended.seed for ended in self.ended}

    @property
    def killers(self) -> set[str]:
        """The checks that it fails at every seed."""
        return {check for check, seeds in self.failures.items() if seeds == self.seeds}

    @property
    def killed(self) -> bool:
        """Whether it loses something, whatever the seed."""
        return bool(self.seeds) and set().union(*self.failures.values()) == self.seeds

    @property
    def named(self) -> str:
        """What its messages come to: "right" if one names the mistake, "false" if one is not known to be true."""
        kinds = set(self.messages.values())
        return next((kind for kind in ("false", "right", "vague") if kind in kinds), "")


def judge(submission: Submission, ended: Sequence[Ended], known: bool, neutral: Neutral) -> Judged:
    messages = {}
    if submission.role is Role.WRONG:
        for end in ended:
            for sentence in (end.message, end.hint):
                if sentence:
                    messages[sentence] = _kind(submission, sentence, neutral)
    return Judged(submission, ended, known, messages)


def _kind(submission: Submission, sentence: str, neutral: Neutral) -> str:
    if any(re.search(pattern, sentence) for pattern in submission.says):
        return "right"
    return "vague" if neutral.covers(submission.subpart, sentence) else "false"


def problems(judged: Sequence[Judged]) -> list[str]:
    """What makes `make verify` fail, a sentence each."""
    found = []
    for j in judged:
        name, role = j.submission.id, j.submission.role
        if not j.ended:
            found.append(f"{name}: there is no check of {j.submission.subpart}")
        elif role in (Role.REFERENCE, Role.RIGHT):
            found += [f"{name} loses {_words(j, check)}" for check in j.failures]
        elif role is Role.STARTER:
            gained = {e.check for e in j.ended if e.outcome is not Outcome.NOT_ATTEMPTED}
            found += [f"{name} does not end {check} with 'not attempted'" for check in sorted(gained)]
        elif not j.killed and j.submission.severity != "cosmetic":
            missed = sorted(j.seeds - set().union(*j.failures.values()))
            found.append(f"{name} gets through at {len(missed)} of {len(j.seeds)} seeds")
    return found + _untrue(judged)


def _untrue(judged: Sequence[Judged]) -> list[str]:
    """A line for each sentence that is not known to be true of those who read it."""
    told: dict[tuple[str, str], list[str]] = {}
    for j in judged:
        for said, kind in j.messages.items():
            if kind == "false":
                told.setdefault((j.submission.subpart, said), []).append(j.submission.name)
    return [f"{sub} {said!r} is told to: {'; '.join(names)}" for (sub, said), names in told.items()]


def _words(j: Judged, check: str) -> str:
    end = next(e for e in j.ended if e.check == check and e.outcome is not Outcome.PASSED)
    share = f"{len(j.failures[check])} of {len(j.seeds)} seeds"
    return f"{check} at {share} ({end.outcome}: {end.message} {end.detail})".replace(" )", ")")


@dataclass(frozen=True)
class CheckRecord:
    """What one check is good for; its cases count together."""

    id: str
    kills: tuple[str, ...]  # the mutants that it fails at every seed
    alone: tuple[str, ...]  # those that no other check fails
    seconds: float  # of computing on the reference, the cases together


def check_records(judged: Sequence[Judged]) -> list[CheckRecord]:
    """Every check that was run, in the order of the files."""
    kills: dict[str, list[str]] = {}
    alone: dict[str, list[str]] = {}
    seconds: dict[str, float] = {}
    for j in judged:
        if j.submission.role is Role.REFERENCE:
            for ended in j.ended:
                id_ = _function(ended.check)
                seconds[id_] = seconds.get(id_, 0.0) + ended.seconds / len(j.seeds)
        elif j.submission.role is Role.WRONG and j.submission.severity != "cosmetic":
            killers = {_function(check) for check in j.killers}
            for id_ in killers:
                kills.setdefault(id_, []).append(j.submission.id)
            if len(killers) == 1:
                alone.setdefault(killers.pop(), []).append(j.submission.id)
    return [
        CheckRecord(id_, tuple(kills.get(id_, ())), tuple(alone.get(id_, ())), round(time, 3))
        for id_, time in seconds.items()
    ]


def _function(check: str) -> str:
    return check.split("[")[0]
