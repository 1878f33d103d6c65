"""Wrong answers that are trained for the learning checks: whatever ends such a training, the others go on."""

import pytest

from autograder.bench import learning
from autograder.bench.learning import ROOT, measure_wrong
from autograder.staff.verify.submissions import Role, Submission

REFERENCE = (ROOT / "solutions/dynamics.py").read_text(encoding="utf-8")
RAISES = REFERENCE + "\n\ndef gaussian_nll(*args, **kwargs):\n    raise ValueError('of a student')\n"


def of_1a(*texts: str) -> list[Submission]:
    return [Submission("1a", Role.WRONG, f"answer {i}", text) for i, text in enumerate(texts)]


def trained(monkeypatch, submissions: list[Submission]) -> list[str]:
    monkeypatch.setattr(learning, "read_submissions", lambda *args, **kwargs: submissions)
    return measure_wrong("1 model error", per_subpart=100, seed=0, jobs=2)["these learn"]


@pytest.mark.slow
def test_answers_that_raise_have_not_learned_and_end_nothing_else(monkeypatch):
    """What the checks raise cannot always be pickled; texts for two that wait fill the pipe to the processes."""
    answers = of_1a("this is no Python\n", RAISES, *[RAISES + "#" * 60_000 + "\n"] * 3, REFERENCE)
    assert trained(monkeypatch, answers) == ["1a wrong: answer 5"]


@pytest.mark.slow
def test_an_endless_training_is_ended(monkeypatch):
    monkeypatch.setattr(learning, "PATIENCE", 5.0)
    endless = REFERENCE + "\n\ndef gaussian_nll(*args, **kwargs):\n    while True:\n        pass\n"
    died = REFERENCE + "\n\ndef gaussian_nll(*args, **kwargs):\n    import os\n    os._exit(3)\n"
    assert trained(monkeypatch, of_1a(endless, died)) == []
