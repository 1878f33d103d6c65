"""How a check can end, and the exceptions that say so.

Whatever ends a check is one of these; anything else that is raised is translated into one of them (`plugin.py`).
"""

from enum import StrEnum


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted"  # the placeholder was reached, or nothing was handed in
    TIMED_OUT = "timed out"
    CRASHED = "crashed"  # the student's process died
    COULD_NOT_RUN = "could not run"  # by a fault that no submission can bring about; points are withheld


class Verdict(Exception):
    """Ends a check. `str(verdict)` is the sentence a student reads; `detail` is for the staff only.

    A sentence may repeat what the submission chose (an exception's message, a shape, an exit code), and that could
    carry the values it was given. So a hidden check shows `safe` instead: one of few sentences, all of them ours. With
    None the sentence itself is safe; of a `CheckFailed` it must then be written out in the check (`sentences.py`).
    """

    outcome = Outcome.FAILED

    def __init__(self, sentence: str, detail: str = "", safe: str | None = None) -> None:
        super().__init__(sentence)
        self.detail = detail
        self.safe = safe


class CheckFailed(Verdict):
    """The submission did not do what the check expects."""


class EditedArgument(CheckFailed):
    """The student's function changed its argument number `argument` (from 1; keywords count after positions)."""

    def __init__(self, sentence: str, safe: str, argument: int) -> None:
        super().__init__(sentence, safe=safe)
        self.argument = argument


class StudentError(Verdict):
    """The student's code raised an exception of this type."""

    def __init__(self, sentence: str, safe: str, type_name: str, detail: str = "") -> None:
        super().__init__(sentence, detail, safe)
        self.type_name = type_name


class NotAttempted(Verdict):
    """`hole` is the sub-part whose placeholder was reached, "" if none was (a file that was not handed in)."""

    outcome = Outcome.NOT_ATTEMPTED

    def __init__(self, sentence: str, detail: str = "", safe: str | None = None, hole: str = "") -> None:
        super().__init__(sentence, detail, safe)
        self.hole = hole


class TimedOut(Verdict):
    outcome = Outcome.TIMED_OUT


class Crashed(Verdict):
    outcome = Outcome.CRASHED


class CouldNotRun(Verdict):
    outcome = Outcome.COULD_NOT_RUN
