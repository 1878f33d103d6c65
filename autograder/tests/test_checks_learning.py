"""The learning checks and the reward threshold: the reference passes them, what does not learn fails them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from autograder.checks import play_policy, policy_file
from autograder.checks.sequential import operating_characteristics
from autograder.course.parts import read_parts
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from autograder.grader.outcomes import CheckFailed, Outcome
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import CheckResult
from autograder.grader.running import run_checks
from autograder.grader.student import Student
from autograder.staff.hidden import trainings
from autograder.staff.hidden.test_learning import MODEL_ERROR
from autograder.staff.release.holes import hole_text
from autograder.staff.verify.submissions import changed
from autograder.tests.variants import SOLUTIONS, Variant
from envs import task_spec
from solutions.agent import Agent
from solutions.kit.weights import policy_tensors

CHECKS = {
    "hidden": Path(__file__).parents[1] / "staff/hidden",
    "public": Path(__file__).parents[1] / "checks",
}
PARTS = read_parts()

pytestmark = pytest.mark.slow


def run(
    tmp_path: Path, check_file: str, submission: Path, subpart: str, kind: str = "hidden"
) -> list[CheckResult]:
    """The checks of one file on a submission, for the sub-parts of one part."""
    root = tmp_path / kind
    root.mkdir(parents=True)
    shutil.copy(CHECKS[kind] / check_file, root / check_file)
    selection = frozenset(sub.id for sub in PARTS.part_of(subpart).subparts)
    modules = list(PARTS.modules)
    connect = lambda limit: DirectTransport(submission, modules, limit)  # noqa: E731
    return run_checks({kind: root}, connect, submission, PARTS, selection=selection)


DOES_NOT_LEARN = [
    Variant(
        "1c", "the loss takes the absolute error", swap=("(targets - mean) ** 2", "(targets - mean).abs()")
    ),
    Variant("1f", "the change is left normalised", swap=('stats["delta_std"] * sampled', "sampled")),
    Variant(
        "2c",
        "the model is never asked",
        swap=("next_obs = model.sample_next(obs, actions, rng)", "next_obs = obs"),
    ),
    Variant("3e", "the actor descends the critic", swap=("-q.mean()", "q.mean()")),
    Variant("4f", "no step is ever rewarded", body="rewards = -np.ones(len(goals), np.float32)"),
]


@pytest.mark.parametrize("wrong", DOES_NOT_LEARN, ids=str)
def test_what_cannot_learn_fails_and_the_reference_learns(tmp_path, wrong):
    results = []
    for name, source in (("good", None), ("bad", wrong.source())):
        submission = tmp_path / name / "submission"  # a folder each: a module is imported once
        shutil.copytree(SOLUTIONS, submission, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        if source:
            (submission / PARTS.part_of(wrong.subpart).file).write_text(source, encoding="utf-8")
        results += run(tmp_path / name, "test_learning.py", submission, wrong.subpart)
    good, bad = results
    assert good.outcome == Outcome.PASSED, good.message
    assert bad.outcome == Outcome.FAILED
    assert "did not learn" in bad.message or "predicts unseen ones badly" in bad.message


# Right for the first calls, as many as a unit check makes, and wrong from then on: (hole, function, calls, what then).
LATER = [
    ("1c", "gaussian_nll", 150, "loss = 0 * loss"),
    ("2c", "imagine", 12, 'pieces = [{**piece, "next_obs": piece["next_obs"][::-1]} for piece in pieces]'),
    ("3c", "td_targets", 300, "targets = torch.zeros_like(targets)"),
    ("4f", "new_rewards", 300, "rewards = 0 * rewards - 1"),
]


@pytest.mark.parametrize(("subpart", "function", "calls", "then"), LATER, ids=[row[0] for row in LATER])
def test_what_goes_wrong_in_the_long_run_passes_every_unit_check_and_fails_here(
    tmp_path: Path, subpart: str, function: str, calls: int, then: str
) -> None:
    part = PARTS.part_of(subpart)
    text = (SOLUTIONS / part.file).read_text(encoding="utf-8")
    count = f"{function}.calls = getattr({function}, 'calls', 0) + 1"
    body = f"{hole_text(text, subpart)}\n{count}\nif {function}.calls > {calls}:\n    {then}"
    submission = tmp_path / "submission"
    shutil.copytree(SOLUTIONS, submission, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    (submission / part.file).write_text(changed(text, subpart, body, []), encoding="utf-8")
    units = run(tmp_path / "units", f"test_{part.file}", submission, subpart)
    assert {result.outcome for result in units} == {Outcome.PASSED}
    (training,) = run(tmp_path / "training", "test_learning.py", submission, subpart)
    assert training.outcome == Outcome.FAILED


# In world 43, data at full strength meet walls that stop the training early.
@pytest.mark.parametrize("world", [9, 43])
def test_the_models_error_stays_far_from_its_bound(world):
    transport = DirectTransport(SOLUTIONS, list(PARTS.modules), time_limit=60)
    student = Student(transport, PARTS.modules)
    assert trainings.model_error(student, np.random.default_rng(world)) < MODEL_ERROR / 3
    transport.close()


class TestWeights:
    """Part 5 on files that are wrong in one way each."""

    def handed_in(self, tmp_path: Path, tensors: dict | bytes | None) -> list[CheckResult]:
        """What the check that reads the file says, and the one that plays the policy."""
        submission = tmp_path / "submission"
        submission.mkdir()
        path = submission / policy_file.FILE
        if isinstance(tensors, bytes):
            path.write_bytes(tensors)
        elif tensors is not None:
            save_file(tensors, path)
        return run(tmp_path, "test_weights.py", submission, "5a", "public")

    def read(self, tmp_path: Path, tensors: dict | bytes) -> str:
        """The sentence of the check that reads the file."""
        path = tmp_path / policy_file.FILE
        path.write_bytes(tensors) if isinstance(tensors, bytes) else save_file(tensors, path)
        with pytest.raises(CheckFailed) as failed:
            policy_file.read_policy(path)
        return str(failed.value)

    def tensors(self, **changes) -> dict:
        return policy_tensors(Agent(10, 3, 4)) | {
            key.replace("__", "."): value for key, value in changes.items()
        }

    def test_the_table_of_shapes_is_the_reference_policys(self):
        assert policy_file.shapes(256) == {name: tuple(x.shape) for name, x in self.tensors().items()}

    def test_an_untrained_policy_keeps_the_point_for_its_file_and_is_told_how_it_played(self, tmp_path):
        read, played = self.handed_in(tmp_path, self.tensors())
        assert read.outcome == Outcome.PASSED and played.outcome == Outcome.FAILED
        assert re.search(r"reached \d of \d+ fresh goals on reach, and 95% are asked for", played.message)
        assert played.weight == 8 * read.weight

    def test_no_file_is_not_attempted(self, tmp_path):
        for result in self.handed_in(tmp_path, None):
            assert result.outcome == Outcome.NOT_ATTEMPTED and "or has more than 50 MB" in result.message

    def test_the_policy_that_is_played_acts_as_the_agent_does(self):
        """NumPy against torch, on inputs within and beyond what the normalizers clip to."""
        for task, hidden in (("reach", (256, 256)), ("push", (512, 512)), ("push", (64, 32))):
            spec, rng = task_spec(task), np.random.default_rng(0)
            dims = spec.obs_dim, spec.goal_dim, spec.action_dim
            agent = Agent(*dims, goal_start=spec.goal_start, hidden=hidden)
            agent.observe(rng.normal(1.0, 2.0, (50, spec.obs_dim)), rng.normal(size=(50, spec.goal_dim)))
            arrays = {name: x.numpy() for name, x in policy_tensors(agent).items()}
            obs, goals = rng.normal(0, 9, (200, spec.obs_dim)), rng.normal(0, 9, (200, spec.goal_dim))
            assert np.allclose(play_policy.policy(arrays, spec)(obs, goals), agent.act(obs, goals), atol=1e-5)

    @pytest.mark.parametrize(
        ("broken", "sentence"),
        [
            (b"no safetensors", "is not a readable safetensors file"),
            (
                {"actor.net.0.weight": torch.zeros(256, 31)},
                "actor.net.0.weight is of size 256x31, not any x 13",
            ),
            ({"actor.net.2.weight": torch.zeros(256, 200)}, "actor.net.2.weight has 200 columns, but"),
            (
                dict(policy_tensors(Agent(10, 3, 4, hidden=(2000, 8)))),
                "has 2000 units; 1 to 1024 are accepted",
            ),
            ({"actor.net.4.bias": torch.full((4,), np.nan)}, "actor.net.4.bias holds NaN"),
            ({"obs_norm.std": torch.zeros(10)}, "obs_norm.std must be positive everywhere"),
            ({"extra": torch.zeros(1)}, "holds an unknown tensor extra"),
            (
                {"actor.net.0.bias": torch.zeros(256, dtype=torch.int64)},
                "holds I64 where float32 is expected",
            ),
        ],
        ids=[
            "garbage",
            "wrong size",
            "layers that do not fit",
            "too wide",
            "NaN",
            "zero std",
            "unknown tensor",
            "integers",
        ],
    )
    def test_what_is_wrong_with_the_file_is_one_sentence(self, tmp_path, broken, sentence):
        handed_in = broken if isinstance(broken, bytes) else self.tensors() | broken
        assert sentence in self.read(tmp_path, handed_in)
        read, played = self.handed_in(tmp_path, handed_in)
        assert read.outcome == played.outcome == Outcome.FAILED
        assert sentence in read.message and "the other check of this part says" in played.message

    def test_weights_that_explode_are_no_policy(self, tmp_path):
        exploding = self.tensors() | {"actor.net.0.weight": torch.full((256, 13), 3e38)}
        # No point for a file that cannot be played.
        assert "no finite numbers" in self.read(tmp_path, exploding)
        for result in self.handed_in(tmp_path, exploding):
            assert result.outcome == Outcome.FAILED


def test_the_threshold_has_the_error_probabilities_it_states():
    threshold = policy_file.THRESHOLD
    settings = (threshold, MARGIN, ERROR, ERROR, MAX_EPISODES)
    assert operating_characteristics(threshold, *settings).fails <= 1e-3
    assert operating_characteristics(0.99, *settings).fails <= 1e-4
    assert operating_characteristics(threshold - MARGIN, *settings).passes <= 4e-3


# Grades Part 5 in a copy of the kit, whose course.toml asks for another task.
GRADE = """
import sys
from pathlib import Path
from autograder.grader.outside.direct import DirectTransport
from autograder.course.parts import read_parts
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from autograder.grader.running import run_checks

parts, handed_in = read_parts(), Path(sys.argv[1])
from autograder.staff.hidden import ROOTS as roots
connect = lambda limit: DirectTransport(handed_in, [], limit)
for result in run_checks(roots, connect, handed_in, parts, selection=frozenset({"5a"}), seed=1):
    print(result.outcome, result.message)
"""


def test_push_weights_reach_push_goals_if_the_course_grades_push(tmp_path):
    kit, handed_in = tmp_path / "kit", tmp_path / "handed_in"
    ignore = shutil.ignore_patterns("results", "tests", "__pycache__")
    for folder in ("autograder", "envs", "solutions"):
        shutil.copytree(SOLUTIONS.parent / folder, kit / folder, ignore=ignore)
    course = kit / "autograder/course.toml"
    course.write_text(course.read_text().replace('task = "reach"', 'task = "push"'))
    handed_in.mkdir()
    shutil.copy(SOLUTIONS / "results/push/weights.safetensors", handed_in / "weights_push.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", GRADE, handed_in], cwd=kit, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["passed ", "passed "], done.stdout + done.stderr
