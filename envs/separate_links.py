"""Robot links that cannot touch one another: without testing them for collisions a step is a tenth faster, exactly.

Base, torso, head and shoulder move, seen from each other, with four joints only. While these joints stay inside
`PROVEN`, no two of the links touch: `contacts_on_grid` finds none closer than `CLEARANCE` on a grid between whose
points no link moves that far. The full model tests these links at each of the 20 physics steps, and finds nothing.
A row is stepped with the pruned model only from inside `GUARD`, which is smaller than `PROVEN` by more than the joints
were ever seen to move in an env step; otherwise the full model is used.
"""

import copy
import itertools

import mujoco
import numpy as np

LINKS = tuple(f"robot0:{name}_link" for name in (
    "base", "torso_fixed", "torso_lift", "head_pan", "head_tilt", "shoulder_pan", "estop", "laser"))  # fmt: skip
JOINTS = tuple(f"robot0:{name}_joint" for name in ("torso_lift", "head_pan", "head_tilt", "shoulder_pan"))
# In metres for the torso's slide and in radians for the others. Episodes of the wildest actions stayed inside
# [.001, .014], [-1.29, .55], [.034, .146], [-1.63, 1.16], and moved by at most .0004, .27, .017, .23 in an env step.
PROVEN = np.array([[-0.02, 0.06], [-2.0, 2.0], [-0.05, 0.35], [-1.95, 2.0]])
GUARD = np.array([[-0.01, 0.05], [-1.5, 1.5], [0.0, 0.3], [-1.65, 1.6]])
CLEARANCE = 0.004  # metres
# No link reaches farther than 0.2 m from the axis it turns about, so between grid points it moves by less than that.
SPACING = (0.004, 0.02, 0.01, 0.015)
# What a pair depends on: head against base or torso, shoulder against base or torso, head against shoulder.
TOGETHER = ((0, 1, 2), (0, 3), (1, 2, 3))


def pruned(model: mujoco.MjModel) -> mujoco.MjModel:
    """A copy of the model in which the links collide with everything but each other."""
    model = copy.copy(model)
    links = [model.geom(name).id for name in LINKS]
    # Two geoms are tested where one's contype meets the other's conaffinity: links keep the former only.
    assert np.all(model.geom_contype[links] == 1) and np.all(model.geom_conaffinity[links] == 1)
    model.geom_conaffinity[links] = 0
    _update_bodies(model)
    return model


def guarded_joints(model: mujoco.MjModel) -> np.ndarray:
    """Where the four joints' coordinates stand in qpos, (4,) int."""
    return np.array([int(model.joint(name).qposadr[0]) for name in JOINTS])


def contacts_on_grid(model: mujoco.MjModel, qpos: np.ndarray, coarser: float = 1.0) -> tuple[int, int]:
    """Try all positions of grids over `PROVEN`, one for each entry of `TOGETHER`; `coarser` stretches the spacing.

    Args: qpos (nq,), where everything else stands.
    Returns: (positions tried, contacts among the links, or approaches within `CLEARANCE`).
    """
    model = copy.copy(model)
    links = [model.geom(name).id for name in LINKS]
    others = np.setdiff1d(np.arange(model.ngeom), links)
    model.geom_contype[others] = model.geom_conaffinity[others] = 0
    model.geom_margin[links] = CLEARANCE
    _update_bodies(model)
    data, joints = mujoco.MjData(model), guarded_joints(model)
    tried = contacts = 0
    for together in TOGETHER:
        data.qpos[:] = qpos
        axes = [np.arange(PROVEN[j, 0], PROVEN[j, 1], coarser * SPACING[j]) for j in together]
        for position in itertools.product(*axes):
            data.qpos[joints[list(together)]] = position
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            mujoco.mj_collision(model, data)
            close = int(np.sum(data.contact.dist < CLEARANCE)) if data.ncon else 0
            tried, contacts = tried + 1, contacts + close
    return tried, contacts


def _update_bodies(model: mujoco.MjModel) -> None:
    """Bodies carry the union of their geoms' bits, for the broad phase."""
    for body in range(model.nbody):
        geoms = np.flatnonzero(model.geom_bodyid == body)
        model.body_contype[body] = np.bitwise_or.reduce(model.geom_contype[geoms]) if len(geoms) else 0
        model.body_conaffinity[body] = (
            np.bitwise_or.reduce(model.geom_conaffinity[geoms]) if len(geoms) else 0
        )
