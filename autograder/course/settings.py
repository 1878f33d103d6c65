"""What a course settles beside parts and dates. Where course.toml says nothing, the values here hold."""

from __future__ import annotations

from dataclasses import dataclass, field

GIVEN = ("holes", "complete", "no")  # how a part's file is in hw/: to be filled in, complete, not at all
HIDDEN = ("visible", "after_due_date", "after_published", "hidden")  # Gradescope's words
HINTS = ("none", "some", "all")  # that hw/ shows at the holes: no lines, those of the first level, all
MARGIN = 0.15  # below the threshold of trained weights; from there a policy is clearly not good enough
ERROR = 1e-3  # of either kind, at most, of the sequential test that judges trained weights
MAX_EPISODES = 200  # that it plays at most


@dataclass(frozen=True)
class Time:
    """How long checks may take."""

    scale: float = 1.0  # times the time limit of each check: above 1 for slow machines
    file_checks: float = 3.0  # a file's unit checks together may compute as long as so many of them alone
    idle_check: float = 5.0  # s that the code of one check may wait without computing
    idle_file: float = 15.0  # s, of all checks of a file
    gradescope_minutes: float = 10.0  # the time limit that is set there


@dataclass(frozen=True)
class Settings:
    name: str = "Homework"  # in titles, and of the column in the learning platform
    hidden: str = "visible"  # what a student sees of hidden checks, and when: one of HIDDEN
    time: Time = field(default_factory=Time)
    hints: str = "all"  # that hw/ shows at the holes: one of HINTS
    hints_on_request: bool = True  # `make hint` shows all of them; otherwise those that hw/ shows

    @property
    def shown_levels(self) -> int | None:
        """How many levels of hints hw/ shows at a hole; None: all there are."""
        return {"none": 0, "some": 1}.get(self.hints)

    @property
    def told_levels(self) -> int | None:
        """The same of `make hint`."""
        return None if self.hints_on_request else self.shown_levels
