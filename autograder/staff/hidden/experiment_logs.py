"""What the logs of Part 9 say, and whether a run can have left them.

    settings --the trainer's schedule--> env steps and updates of every row
    settings --the evaluation's own streams--> which goals were met before anything moved

What a run measures can be any of many values, and yet most numbers that somebody makes up cannot be among them. It is
no proof: whoever changes a log with care, or copies another's, is not found out here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.checks.checking import expect
from autograder.checks.experiment_files import Log, Run
from envs import make_vec, task_spec
from solutions.kit.seeds import EVAL_OFFSET, SEED_STEP

LEVEL = 0.9  # the success that "spread" asks for
SAME = 0.1  # means of success that differ by less are the same
NEAR = 0.02  # of a border between two answers, as a share: either is right
CLOCK = 120.0  # s by which a computer's clock may jump during a run
SECONDS = 1e-5  # of computing for an env step, at least
CHANCE = 0.05  # by which the share of changed rewards may differ from its expectation
NEEDED = ("task", "method", "seed", "total_steps")  # settings; a log of an older handout may lack others


def numbers_of(name: str, log: Log) -> dict[str, float]:
    """What the logs give for each number that answers.toml asks for."""
    runs = log.runs
    if name == "contact":
        errors = [row for run in runs.values() for row in run.errors]
        return {f"{m}_{n}": _error(errors, m, n) for m, n in (("free", 1), ("contact", 1), ("contact", 10))}
    if name == "no_hindsight":
        last = {f"last_{arm}": float(runs[f"{arm}-s0"].column("success")[-1]) for arm in ("ddpg", "her")}
        return last | {"floor": float(runs["ddpg-s0"].column("started_solved").mean())}
    if name == "spread":
        steps = [_first(run) for run in runs.values()]
        return {"quickest": min(steps), "slowest": max(steps)}
    arms = {"strategies": ("final", "future", "episode", "random"), "share": ("08", "1")}
    means = {f"mean_{a}": _mean(log, a, "success") for a in arms.get(name, ("full", "initial", "all"))}
    return means | ({"changed_08": _mean(log, "08", "changed_rewards")} if name == "share" else {})


def answers_of(name: str, numbers: Mapping[str, float]) -> set[str]:
    """The answers that fit these numbers: one, or two near a border."""
    if name == "contact":
        return _between(
            numbers["contact_1"] / max(numbers["free_1"], 1e-9),
            (3, 10),
            ("less than 3", "3 to 10", "more than 10"),
        )
    if name == "no_hindsight":
        return _between(numbers["last_ddpg"], (0.2, 0.6), ("below 0.2", "0.2 to 0.6", "above 0.6"))
    if name == "spread":
        ratio = numbers["slowest"] / max(numbers["quickest"], 1)
        return _between(ratio, (1.5, 3), ("less than 1.5", "1.5 to 3", "more than 3"))
    if name == "share":
        difference = numbers["mean_1"] - numbers["mean_08"]
        return _between(difference, (-SAME, SAME), ("lower", "the same", "higher"))
    best = (min if name == "strategies" else max)(numbers.values())
    return {key.removeprefix("mean_") for key, value in numbers.items() if abs(value - best) <= NEAR / 2}


def fits(given: float, computed: float) -> bool:
    """Whether a student's number is the one computed from the logs, but for rounding."""
    return abs(given - computed) <= max(0.006, 0.02 * abs(computed))


def expect_possible(log: Log, spec: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises: CheckFailed with a sentence unless a run with these settings can have left each log.

    configs: the settings of each training in full; not needed for the model's errors.
    """
    for name, run in log.runs.items():
        if "model_error" in spec:
            _expect_errors(run, spec)
        else:
            _expect_training(run, configs[name])
    told = [run.rows[:, 3:5] for run in log.runs.values() if len(run.rows)]  # success and return
    curves = [curve.tobytes() for curve in told if np.ptp(curve, axis=0).any()]
    expect(
        len(set(curves)) == len(curves),
        "two runs of an experiment have the same curve, which no two runs have",
    )


def first_solved(config: Mapping[str, Any], evaluations: int) -> np.ndarray:
    """The column started_solved of a run (N,): it depends on the evaluation's own streams alone, and on no policy."""
    seed = SEED_STEP * config["seed"] + EVAL_OFFSET
    env = make_vec(config["task"], config["num_envs"], seed, reward=config["reward"])
    rounds = math.ceil(config["eval_episodes"] / config["num_envs"])
    shares = []
    for _ in range(evaluations):
        starts = [env.reset()[0] for _ in range(rounds)]
        solved = [env.is_success(start["achieved_goal"], start["desired_goal"]) for start in starts]
        shares.append(float(np.mean(solved)))
    env.close()
    return np.array(shares)


def schedule(config: Mapping[str, Any]) -> np.ndarray:
    """The column env_steps of a whole run (N,)."""
    each, total = config["num_envs"] * task_spec(config["task"]).episode_length, config["total_steps"]
    steps, evaluated, found = 0, 0, []
    while steps < total:
        steps += each
        if steps >= total or steps - evaluated >= config["eval_every"]:
            evaluated = steps
            found.append(steps)
    return np.array(found, dtype=float)


def _expect_training(run: Run, config: Mapping[str, Any]) -> None:
    told = {
        key: value for key, value in config.items() if key not in ("out", "resume", "cores", "save_seconds")
    }
    same = all(
        run.settings.get(key, None if key in NEEDED else value) == _plain(value)
        for key, value in told.items()
    )
    expect(same, "a run was trained with other settings than the experiment's")
    steps, updates, seconds, success, total, started, changed = run.rows.T
    expect(
        steps.shape == schedule(config).shape and (steps == schedule(config)).all(),
        "the env steps of a log are not those at which a run is evaluated",
    )
    expect(
        (updates == np.floor(steps * config["updates_per_step"])).all(),
        "the updates of a log are not as many as its env steps ask for",
    )
    lasted = (run.ended - run.began).total_seconds()
    expect(
        seconds[0] > 0 and (np.diff(seconds) > 0).all() and (seconds >= SECONDS * steps).all(),
        "the seconds of a log are fewer than a run can take",
    )
    expect(
        seconds[-1] <= lasted + CLOCK,
        "a log has more seconds of training than lie between its begin and its end",
    )
    episodes = math.ceil(config["eval_episodes"] / config["num_envs"]) * config["num_envs"]
    for share in (success, started):
        expect(((share >= 0) & (share <= 1)).all(), "a success rate lies outside of 0 to 1")
        whole = np.abs(share * episodes - np.round(share * episodes)) < 1e-6
        expect(whole.all(), "a success rate is no whole number of the episodes that were played")
    horizon = task_spec(config["task"]).episode_length
    within = (total >= -horizon + success - 1e-6) & (total <= -(1 - success) + 1e-6)
    expect(within.all(), "a return does not go together with the success beside it")
    known = first_solved(config, len(steps))
    off = np.abs(started - known) * episodes
    exact = (
        (off < 1e-6).all() if config["task"] == "tiny" else off.sum() < 2.5
    )  # simulators differ in the last bits
    expect(exact, "started_solved is not what the goals of these evaluations give")
    _expect_changes(changed, config, horizon)


def _expect_changes(changed: np.ndarray, config: Mapping[str, Any], horizon: int) -> None:
    """Relabeling changes no reward if no goal is replaced; else at most those of the rows that get another goal. At the
    beginning, with "future", at least those whose new goal is the very state that they lead to, which is 1 / (T - t) of
    the rows of step t."""
    fraction = 0.0 if config["method"] == "ddpg" else config["relabel_fraction"]
    expect((changed >= 0).all(), "changed_rewards is below 0")
    if fraction == 0:
        expect((changed == 0).all(), "changed_rewards is not 0, although no goal is replaced")
        return
    expect(
        (changed <= fraction + CHANCE).all(),
        "changed_rewards is larger than the share of rows with another goal",
    )
    if config["strategy"] == "future":
        least = fraction * sum(1 / n for n in range(1, horizon + 1)) / horizon
        expect(
            changed[0] >= least / 2, "changed_rewards is smaller than hindsight goals of the future make it"
        )


def _expect_errors(run: Run, spec: Mapping[str, Any]) -> None:
    asked, horizon = spec["model_error"], task_spec(spec["task"]).episode_length
    episodes = math.ceil(asked["test_episodes"] / 16) * 16  # rounds of 16 environments
    for steps in asked["horizons"]:
        rows = {row["motion"]: row for row in run.errors if row["steps"] == steps}
        expect(len(rows) == 2, "the errors of the model lack a line for contact or for free motion")
        free, contact = rows["free"], rows["contact"]
        expect(
            free["stretches"] + contact["stretches"] == episodes * (horizon - steps + 1),
            "the errors of the model are not of as many stretches as the test episodes have",
        )
        for row in rows.values():
            ordered = all(0 <= row[key][0] <= row[key][1] for key in ("gripper", "object", "moved"))
            expect(
                ordered,
                "an error of the model is negative, or its median is larger than what 9 of 10 lie below",
            )
        expect(free["moved"][1] <= 1.0, "a block moved in free motion")
        expect(steps > 1 or contact["moved"][0] >= 1.0, "a block did not move in contact")
    expect(
        len(run.errors) == 2 * len(asked["horizons"]),
        "the errors of the model are not those of the experiment",
    )


def _plain(value: Any) -> Any:
    """A setting as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def _mean(log: Log, arm: str, column: str) -> float:
    own = [run.column(column) for name, run in log.runs.items() if name.rpartition("-s")[0] == arm]
    return float(np.mean(np.concatenate(own)))


def _first(run: Run) -> float:
    reached = np.flatnonzero(run.column("success") >= LEVEL)
    return float(run.column("env_steps")[reached[0] if len(reached) else -1])


def _error(errors: list[dict[str, Any]], motion: str, steps: int) -> float:
    found = [row["object"][0] for row in errors if (row["motion"], row["steps"]) == (motion, steps)]
    return float(found[0]) if found else math.inf


def _between(value: float, borders: tuple[float, float], names: tuple[str, str, str]) -> set[str]:
    """The name of the interval that holds the value; those on both sides of a border that is near."""
    found = {names[sum(value > border for border in borders)]}
    for place, border in enumerate(borders):
        if abs(value - border) <= NEAR * abs(border):
            found |= {names[place], names[place + 1]}
    return found
