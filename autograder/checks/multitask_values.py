"""Shared by the checks of Part 6: states, losses and rewards of many tasks, with the sentences (6a, 6c, 6h)."""

import numpy as np
from numpy.typing import ArrayLike

from autograder.checks.checking import Student, Tensor, expect, expect_close
from autograder.checks.mistakes import on_wrong_shape, recognise_one

# --- 6a ---

ONE_STATE_A_ROW = "there is one state for each row, with K numbers more than the observation: shape (B, O+K)"
NOT_THE_STATE = "a state is not its observation, followed by 1 at the place of its task and 0 at the others"


def expect_states(
    student: Student, obs: np.ndarray, tasks: np.ndarray, num_tasks: int, otherwise: str = NOT_THE_STATE
) -> None:
    """[obs, one-hot vector of the task] for each row, in the dtype of obs."""
    with on_wrong_shape(ONE_STATE_A_ROW):
        states = student.multitask.with_task(obs, tasks, num_tasks)
    eye, rows = np.eye(num_tasks), np.arange(len(obs))
    z = eye[tasks]

    def state(code: np.ndarray) -> np.ndarray:
        return np.concatenate([obs, code], axis=1)

    mistakes = {
        "the task comes first: the observation comes first, then the task": np.concatenate([z, obs], axis=1),
        "the 1 stands one place too late: task 0 has place 0": state(eye[(tasks + 1) % num_tasks]),
        "the 1 stands one place too early: task 0 has place 0": state(eye[tasks - 1]),
        "each row got the task of the first row": state(eye[np.full(len(obs), tasks[0])]),
        "each row got the number of the row as its task": state(eye[rows % num_tasks]),
        "the task's place holds 0 and all others 1": state(1 - z),
        "the other places hold -1, but they should hold 0": state(2 * z - 1),
        "the task's place holds the number of the task, but it should hold 1": state(z * tasks[:, None]),
        "all places up to the task's hold 1": state((np.arange(num_tasks) <= tasks[:, None]).astype(float)),
        "the places of the task are all 0": state(0 * z),
        "the observation is missing": np.concatenate([0 * obs, z], axis=1),
        "the tasks are right, but in another order": state(eye[np.sort(tasks)]),
        "the observation is rounded to 16 bits": np.concatenate([_rounded(obs), z], axis=1),
    }
    if len(obs) == num_tasks:
        mistakes["rows and columns are mixed up: row b has 1 at the place tasks[b]"] = state(z.T)
    expect_close(
        states, state(z), recognise_one(states, otherwise, mistakes), name="with_task", atol=1e-9, rtol=1e-7
    )
    same = isinstance(states, np.ndarray) and states.dtype == obs.dtype
    expect(
        same, "the states have another dtype than obs: np.eye and np.zeros give float64 unless they are told"
    )


def _rounded(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


# --- 6c ---

NOT_THE_LOSS = "the loss is not the sum over the tasks of the mean error over the task's rows"
SCALAR = "a loss is a single number, of shape ()"


def expect_loss(
    student: Student,
    errors: np.ndarray,
    tasks: np.ndarray,
    num_tasks: int,
    wanted: float,
    otherwise: str = NOT_THE_LOSS,
) -> None:
    """Σ_i mean of task i's errors; also as gradients: 1 / n_i for each row of task i."""
    arguments = [Tensor(errors), Tensor(tasks), num_tasks]
    with on_wrong_shape(SCALAR):
        loss, (gradient,) = student.value_and_grad("multitask", "multitask_loss", arguments)
    occurring = np.unique(tasks)
    own, pooled = [errors[tasks == task] for task in occurring], errors.mean()
    missing = len(occurring) < num_tasks
    value = np.asarray(loss) if isinstance(loss, np.ndarray | float | int) else None
    if missing and value is not None and value.shape == () and np.isnan(value):
        expect(
            False, "the loss is NaN if a task has no rows in the batch: its mean is 0 / 0, but it must add 0"
        )
    mistakes = {
        "this is the mean over all rows: a task with many rows counts more in it": pooled,
        "this is the mean over the tasks, not the sum": wanted / num_tasks,
        "this is the mean over the tasks that have rows, not the sum": wanted / len(occurring),
        "this is the sum over all rows: average within each task first": errors.sum(),
        "this is the mean over all rows, times the number of tasks": pooled * num_tasks,
        "this is the mean over all rows, times the number of tasks that have rows": pooled * len(occurring),
        "the errors are squared: they are errors already": sum(float((e**2).mean()) for e in own),
        "the absolute values of the errors were taken": sum(float(np.abs(e).mean()) for e in own),
        "negative errors were set to 0": sum(float(np.maximum(e, 0).mean()) for e in own),
        "the median of each task was taken, not the mean": sum(np.median(e) for e in own),
        "the largest error of each task was taken, not the mean": sum(e.max() for e in own),
        "a task's sum is divided by one more than its rows": sum(e.sum() / (len(e) + 1) for e in own),
        "task 0 is missing": wanted - (errors[tasks == 0].mean() if 0 in tasks else 0.0),
        "the last task is missing": wanted
        - (errors[tasks == num_tasks - 1].mean() if num_tasks - 1 in tasks else 0.0),
        "the sign of the loss is wrong": -wanted,
    }  # fmt: skip
    # Errors of both signs may cancel, and what float32 rounds is a share of them, not of their sum.
    rounding = max(1e-5, 1e-6 * sum(float(np.abs(e).mean()) for e in own))
    sentence = recognise_one(loss, otherwise, mistakes)
    expect_close(loss, wanted, sentence, name="multitask_loss", atol=rounding)
    expect(gradient is not None, "no gradient reaches the errors: nothing may detach the loss from them")
    counts = np.bincount(tasks, minlength=num_tasks)
    slope = "the gradient by the error of a row must be 1 / (number of rows of its task)"
    expect_close(gradient, 1 / counts[tasks], slope, name="the gradient")


# --- 6h ---

ONE_REWARD_A_ROW = "there is one reward for each row: shape (B,)"
NOT_THE_REWARD = "a reward is not that of the row under the task that labels it"


def expect_rewards(
    student: Student, rewards: np.ndarray, tasks: np.ndarray, otherwise: str = NOT_THE_REWARD
) -> None:
    """Of each row, the reward of its label."""
    with on_wrong_shape(ONE_REWARD_A_ROW):
        chosen = student.multitask.task_rewards(rewards, tasks)
    rows, num_tasks = np.arange(len(tasks)), rewards.shape[1]
    mistakes: dict[str, ArrayLike] = {
        "each row got its highest reward, whatever its label": rewards.max(axis=1),
        "each row got its lowest reward, whatever its label": rewards.min(axis=1),
        "each row got its mean reward, whatever its label": rewards.mean(axis=1),
        "each row got the sum of its rewards, whatever its label": rewards.sum(axis=1),
        "each row got the reward of task 0": rewards[:, 0],
        "each row got the reward of the last task": rewards[:, -1],
        "each row got the reward of the first row's label": rewards[:, tasks[0]],
        "each row got the reward of the task after its label": rewards[rows, (tasks + 1) % num_tasks],
        "each row got the reward of the task before its label": rewards[rows, tasks - 1],
        "each row got the first row's reward for its label": rewards[0, tasks],
        "the labels are right, but in another order": rewards[rows, np.sort(tasks)],
        "the rewards are right, but in another order": np.sort(rewards[rows, tasks]),
        "each row got the reward of the task with the row's number": rewards[rows, rows % num_tasks],
        "the sign of the rewards is wrong": -rewards[rows, tasks],
        "the rewards became whole numbers": np.trunc(rewards[rows, tasks]),
        "the rewards are rounded to 16 bits": _rounded(rewards[rows, tasks]),
    }
    if len(tasks) == num_tasks:
        mistakes["rows and columns are mixed up: rewards is (B, K)"] = rewards[tasks, rows]
    expect_close(
        chosen,
        rewards[rows, tasks],
        recognise_one(chosen, otherwise, mistakes),
        name="task_rewards",
        rtol=1e-6,
    )
