"""Planning as a whole: the command, its rewards and its two planners, on worlds that are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from envs import task_spec
from envs.errors import UserMistake
from solutions.kit.plan_config import PlanConfig, Search, checked
from solutions.kit.rewards import BALL, FAR, RADIUS, WISHES
from solutions.plan import plan
from solutions.plan_trials import act, fit
from solutions.planners import PLANNERS

QUICK = Search(horizon=5, candidates=32, elites=4)
SMALL = {"task": "tiny", "hidden": (32,), "episodes": 16, "search": QUICK}
REACH = task_spec("reach")


@pytest.mark.parametrize("planner", PLANNERS)
def test_a_planner_finds_the_best_plan_of_a_known_world(planner):
    """The state adds the actions up, and each episode has a goal of its own."""
    goals = torch.tensor([[1.0, -0.5], [-2.0, 2.0]])
    reward = lambda next_obs, rows: -(next_obs - goals[rows]).square().sum(dim=1)  # noqa: E731
    search = replace(QUICK, rounds=12, climbs=200, lr=0.02, min_std=0.01)
    plan_from = PLANNERS[planner](
        lambda obs, actions: obs + actions, reward, 2, search, np.random.default_rng(0)
    )
    obs, done = np.zeros((2, 2)), 0
    for _ in range(4):
        plans = plan_from(obs, done)
        assert plans.shape == (2, 5, 2) and np.abs(plans).max() <= 1
        obs, done = obs + plans[:, 0], 1
    assert np.allclose(obs, goals, atol=0.3)


def test_the_mean_step_is_the_elites_average_and_has_gradients():
    model, _ = fit(PlanConfig(**SMALL), 0)
    obs, actions = np.zeros((3, 4)), np.array([[0.5, 0.0], [0.0, 0.5], [-1.0, 1.0]])
    model.noise = 0.0
    drawn = np.stack([model.sample_next(obs, actions, np.random.default_rng(n)) for n in range(60)])
    leaf = torch.as_tensor(actions, dtype=torch.float32).requires_grad_(True)
    mean = model.mean_next(torch.as_tensor(obs, dtype=torch.float32), leaf)
    each = [np.unique(drawn[:, row].round(7), axis=0) for row in range(3)]  # an elite each
    assert np.allclose(mean.detach().numpy(), [values.mean(axis=0) for values in each], atol=1e-5)
    (slope,) = torch.autograd.grad(mean[:, 0].sum(), leaf)
    assert (slope[:, 0] > 0.01).all()  # the action moves the point its way


def test_replanning_succeeds_where_open_loop_fails(tmp_path):
    path = tmp_path / "figures.json"
    figures = plan(PlanConfig(**SMALL, planners=("cem", "gradient"), every=(1, 20), json=path))
    success = {(row["planner"], row["every"]): row["success"] for row in figures}
    assert min(success["cem", 1], success["gradient", 1]) >= 0.9
    assert max(success["cem", 20], success["gradient", 20]) <= 0.7
    assert (
        json.loads(path.read_text())["trials"] == figures and path.with_suffix(".png").stat().st_size > 5_000
    )
    assert [row["plans"] for row in figures] == [20, 1, 20, 1]


def first_of(episodes: int) -> dict[str, np.ndarray]:
    observation = np.zeros((episodes, REACH.obs_dim))
    observation[:, :3] = [1.34, 0.75, 0.53]
    return {"observation": observation, "desired_goal": np.full((episodes, 3), [1.40, 0.75, 0.53])}


def along(first: dict, places: np.ndarray) -> np.ndarray:
    """Observations (T+1, N, O) of a hand that goes through `places` (T+1, 3)."""
    observed = np.repeat(first["observation"][None], len(places), axis=0)
    observed[..., :3] = places[:, None]
    return observed


def test_rewards_say_what_they_promise():
    first = first_of(2)
    start = first["observation"][0, :3]
    rows = torch.tensor([0, 1])

    def value(name: str, place: np.ndarray, velocity: tuple = (0.0, 0.0, 0.0)) -> float:
        obs = torch.zeros(2, REACH.obs_dim)
        obs[:, :3], obs[:, 5:8] = torch.as_tensor(place), torch.tensor(velocity)
        return float(WISHES[name](REACH, first).reward(obs, rows)[0])

    assert value("goal", start) == pytest.approx(-0.06, abs=1e-5)
    assert value("sparse", start) == -1 and value("sparse", start + np.array([0.02, 0, 0])) == 0
    on_it = start + np.array([RADIUS, 0, 0])
    assert value("circle", on_it) == pytest.approx(0, abs=1e-5)
    assert value("circle", start) < -0.09
    assert (
        value("circle", on_it, (0, 0.03, 0)) > value("circle", on_it) > value("circle", on_it, (0, -0.03, 0))
    )
    assert (
        value("left", start + np.array([0, 0.1, 0]))
        > value("left", start)
        > value("left", start + np.array([0, 0, 0.1]))
    )
    goal, middle = start + np.array([FAR, 0, 0]), start + np.array([FAR / 2, 0, 0])
    assert value("around", goal) > value("around", start) > value("around", middle)


def test_wishes_judge_paths_by_hand():
    first = first_of(1)
    start, steps = first["observation"][0, :3], np.linspace(0, 1, 41)[:, None]
    turn = 2 * np.pi * steps[:, 0]
    round_it = start + RADIUS * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    judged = WISHES["circle"](REACH, first).judge(along(first, round_it))
    assert judged["success"] == 0 and judged["cm_off"] == 0  # half a round is not more than half
    assert judged["rounds"] == pytest.approx(0.5, abs=0.02)
    faster = start + RADIUS * np.stack([np.cos(2 * turn), np.sin(2 * turn), 0 * turn], axis=1)
    assert WISHES["circle"](REACH, first).judge(along(first, faster))["success"] == 1
    straight = start + steps * [FAR, 0, 0]
    judged = WISHES["around"](REACH, first).judge(along(first, straight))
    assert judged == {"success": 0.0, "cm_off": 0.0, "cm_nearest": 0.0}
    detour = straight + np.sin(np.pi * steps) * [0, 1.1 * BALL, 0]
    assert WISHES["around"](REACH, first).judge(along(first, detour))["success"] == 1
    judged = WISHES["left"](REACH, first).judge(along(first, start + steps * [0, 0.6, 0]))
    assert judged == {"success": 1.0, "cm_left": 60.0, "cm_off": 0.0}
    assert WISHES["goal"](REACH, first).judge(along(first, straight))["cm_off"] == pytest.approx(14.0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"every": (0,)}, "every must"),
        ({"every": (1, 1)}, "every must name at least one, and each once"),
        ({"every": (21,)}, "an episode of tiny has 20 steps, so every 21 is too many"),
        ({"seeds": ()}, "seeds must"),
        ({"search": Search(elites=65)}, "of 64 candidates, 65 cannot be the best"),
        ({"search": Search(min_std=0.0)}, "min_std must be positive"),
        ({"rewards": ("circle",)}, "circle: tiny has no hand"),
        ({"rewards": ("sparse",), "planners": ("gradient",)}, "no gradient to climb"),
        ({"random_steps": 0}, "random_steps must be at least 1"),
        ({"seeds": (-1,)}, "seeds must be 0 or more"),
    ],
)
def test_a_wrong_value_is_one_sentence(wrong, sentence):
    with pytest.raises(UserMistake, match=sentence) as caught:
        checked(PlanConfig(**SMALL | wrong))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("planner", PLANNERS)
def test_reach_from_500_random_steps(planner):
    config = PlanConfig(episodes=20)
    model, info = fit(config, 0)
    assert info["env_steps"] == 500
    trial = act(config, model, 0, planner, "goal", 1)
    assert trial.figures["success"] >= 0.95 and trial.observed.shape == (51, 20, 10)
