"""Rewards to plan for, as plain functions of the next state. The model was trained without any of them.

Each maker gets the task and the first observations of N episodes, and gives a `Wish`: the reward for the planner, and
figures that say how well it was fulfilled. Metres; x points away from the robot, y to its left, z up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
import torch

from envs import TaskSpec

HAND_WEIGHT = 0.3  # of the distance from hand to object: before contact, -d(object, goal) alone is flat
RADIUS = 0.10  # of the circle
SPEED_WEIGHT = 1.5  # of the speed along the circle, in metres a step, beside the distance from it
BALL = 0.06  # radius of the ball to go round; its middle lies between start and goal
FAR = 0.20  # metres from the start to the goal behind the ball
LEFT = 0.50  # metres to the left that count as far


@dataclass(frozen=True)
class Wish:
    """reward(next_obs (M, O), rows (M,)) -> (M,), and judge(observed (T+1, N, O)) -> figures, "success" among them."""

    reward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    judge: Callable[[np.ndarray], dict[str, float]]
    balls: np.ndarray | None = None  # (N, 3), of radius BALL: not to be entered


def _length(vectors: Any) -> Any:
    """(..., G) -> (...): of tensors, with gradients, or of arrays."""
    if isinstance(vectors, torch.Tensor):
        return torch.linalg.vector_norm(vectors, dim=-1)
    return np.linalg.norm(vectors, axis=-1)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(array, dtype=torch.float32)


def goal(spec: TaskSpec, first: dict[str, np.ndarray]) -> Wish:
    """Dense: minus the distance to the goal."""
    goals = _tensor(first["desired_goal"])

    def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        value = -_length(spec.achieved_goal(next_obs) - goals[rows])
        if spec.object is None:
            return value
        return value - HAND_WEIGHT * _length(spec.gripper(next_obs) - spec.achieved_goal(next_obs))

    return Wish(reward, lambda observed: _arrival(spec, observed, first["desired_goal"]))


def sparse(spec: TaskSpec, first: dict[str, np.ndarray]) -> Wish:
    """Sparse: -1 while the goal is not reached."""
    goals = _tensor(first["desired_goal"])

    def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return -(_length(spec.achieved_goal(next_obs) - goals[rows]) > spec.distance_threshold).float()

    return Wish(reward, lambda observed: _arrival(spec, observed, first["desired_goal"]))


def circle(spec: TaskSpec, first: dict[str, np.ndarray]) -> Wish:
    """Run round a level circle about the start: near to it, and fast along it. Success: within 2 cm, half a round."""
    middle = spec.gripper(first["observation"])
    middles = _tensor(middle)

    def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        away = spec.gripper(next_obs) - middles[rows]
        outward = _length(away[:, :2])
        along = torch.stack([-away[:, 1], away[:, 0]], dim=1) / (outward[:, None] + 1e-3)
        speed = (along * _velocity(spec, next_obs)[:, :2]).sum(dim=1)
        return SPEED_WEIGHT * speed - (outward - RADIUS).abs() - away[:, 2].abs()

    def judge(observed: np.ndarray) -> dict[str, float]:
        away = (spec.gripper(observed) - middle)[len(observed) // 2 :]  # once it is there
        off = np.hypot(_length(away[..., :2]) - RADIUS, away[..., 2]).mean(axis=0)
        turned = np.ptp(np.unwrap(np.arctan2(away[..., 1], away[..., 0]), axis=0), axis=0) / (2 * pi)
        well = (off < 0.02) & (turned > 0.5)
        return {"success": float(well.mean()), "cm_off": _cm(off), "rounds": float(np.median(turned))}

    return Wish(reward, judge)


def left(spec: TaskSpec, first: dict[str, np.ndarray]) -> Wish:
    """As far to the left as possible, level. Success: half a metre, at most 3 cm too high or too low."""
    start = spec.gripper(first["observation"])
    height = _tensor(start[:, 2])

    def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        hand = spec.gripper(next_obs)
        return hand[:, 1] - 2 * (hand[:, 2] - height[rows]).abs()

    def judge(observed: np.ndarray) -> dict[str, float]:
        moved = spec.gripper(observed[-1]) - start
        off = np.abs(moved[:, 2])
        well = (moved[:, 1] > LEFT) & (off < 0.03)
        return {"success": float(well.mean()), "cm_left": _cm(moved[:, 1]), "cm_off": _cm(off)}

    return Wish(reward, judge)


def around(spec: TaskSpec, first: dict[str, np.ndarray]) -> Wish:
    """To a goal 20 cm away, in another direction for each episode, round a ball on the way. Success: there, and never
    inside the ball."""
    start = spec.gripper(first["observation"])
    angle = np.linspace(0, 2 * pi, len(start), endpoint=False)
    target = start + FAR * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    ball = (start + target) / 2
    targets, balls = _tensor(target), _tensor(ball)

    def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        hand = spec.gripper(next_obs)
        inside = (1.4 * BALL - _length(hand - balls[rows])).clamp_min(
            0
        )  # with a margin: the model is not exact
        return -_length(hand - targets[rows]) - 10 * inside

    def judge(observed: np.ndarray) -> dict[str, float]:
        nearest = _length(spec.gripper(observed) - ball).min(axis=0)
        left_over = _length(spec.gripper(observed[-1]) - target)
        well = (left_over < spec.distance_threshold) & (nearest >= BALL)
        return {"success": float(well.mean()), "cm_off": _cm(left_over), "cm_nearest": _cm(nearest, np.min)}

    return Wish(reward, judge, ball)


WISHES: dict[str, Callable[[TaskSpec, dict[str, np.ndarray]], Wish]] = {
    "goal": goal, "sparse": sparse, "circle": circle, "left": left, "around": around
}  # fmt: skip


def _velocity(spec: TaskSpec, obs: torch.Tensor) -> torch.Tensor:
    """Of the gripper, metres a step: (..., 3)."""
    assert spec.layout is not None, "tiny has no gripper"
    return obs[..., spec.layout.vectors[-1] :][..., :3]


def _arrival(spec: TaskSpec, observed: np.ndarray, goals: np.ndarray) -> dict[str, float]:
    left_over = _length(spec.achieved_goal(observed[-1]) - goals)
    return {"success": float((left_over <= spec.distance_threshold).mean()), "cm_off": _cm(left_over)}


def _cm(metres: np.ndarray, middle: Callable[[np.ndarray], Any] = np.median) -> float:
    return round(100 * float(middle(metres)), 2)
