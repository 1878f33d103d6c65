"""The checks of part 2, tried on wrong solutions and on unusual right ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.tests.variants import (
    Variant,
    assert_blank_costs_itself_only,
    assert_right,
    assert_wrong,
)

ANY_STEP = "rng.integers(episode_length, size=count) if"

WRONG = [
    # 2a
    Variant("2a", "step T too", swap=(ANY_STEP, "rng.integers(episode_length + 1, size=count) if")),
    Variant(
        "2a",
        "never the last step",
        swap=(ANY_STEP, "rng.integers(max(1, episode_length - 1), size=count) if"),
    ),
    Variant(
        "2a",
        "never the first step",
        swap=(ANY_STEP, "rng.integers(min(1, episode_length - 1), episode_length, size=count) if"),
    ),
    Variant("2a", "modes swapped", swap=('mode == "all"', 'mode == "initial"')),
    Variant("2a", "always the first step", swap=(ANY_STEP, "np.zeros(count, dtype=int) if")),
    Variant(
        "2a",
        "one episode for all",
        swap=("rng.integers(num_episodes, size=count)", "np.full(count, rng.integers(num_episodes))"),
    ),
    Variant("2a", "one step for all", swap=(ANY_STEP, "np.full(count, rng.integers(episode_length)) if")),
    Variant(
        "2a",
        "episodes in turn",
        swap=("rng.integers(num_episodes, size=count)", "np.arange(count) % num_episodes"),
    ),
    Variant(
        "2a",
        "the latest episode only",
        swap=("rng.integers(num_episodes, size=count)", "np.full(count, num_episodes - 1)"),
    ),
    Variant(
        "2a",
        "never the last episode",
        swap=("rng.integers(num_episodes, size=count)", "rng.integers(max(1, num_episodes - 1), size=count)"),
    ),
    Variant("2a", "step follows from the episode", swap=(ANY_STEP, "episodes % episode_length if")),
    Variant(
        "2a",
        "without replacement",
        body="""
        states = num_episodes * (episode_length if mode == "all" else 1)
        index = rng.choice(states, size=count, replace=count > states)
        episodes, steps = (index // episode_length, index % episode_length) if mode == "all" else (index, 0 * index)
        """,
    ),
    Variant(
        "2a",
        "episode and step mixed up",
        body="""
        index = rng.integers(num_episodes * episode_length, size=count)
        episodes, steps = index % num_episodes, index % episode_length
        if mode == "initial":
            steps = np.zeros_like(episodes)
        """,
    ),
    Variant(
        "2a", "global generator", swap=("episodes = rng.", "rng = np.random.default_rng()\nepisodes = rng.")
    ),
    Variant(
        "2a",
        "generator of its own",
        swap=("episodes = rng.", "rng = np.random.default_rng(1)\nepisodes = rng."),
    ),
    Variant("2a", "floats", swap=("np.zeros(count, dtype=np.int64)", "np.zeros(count)")),
    # 2b
    Variant("2b", "one too few", swap=("episode_length - steps", "episode_length - 1 - steps")),
    Variant("2b", "one too many", swap=("episode_length - steps", "episode_length - steps + 1")),
    Variant("2b", "full is cut too", swap=('remaining if mode == "full" else ', "")),
    Variant(
        "2b",
        "partial is not cut at the end",
        swap=("np.minimum(remaining, max_length)", "np.full(len(steps), max_length)"),
    ),
    Variant("2b", "larger of the two", swap=("np.minimum", "np.maximum")),
    Variant("2b", "modes swapped", swap=('"full"', '"partial"')),
    Variant(
        "2b",
        "always a whole episode",
        swap=("remaining = episode_length - steps", "remaining = episode_length + 0 * steps"),
    ),
    Variant("2b", "the step itself", swap=("remaining = episode_length - steps", "remaining = steps")),
    Variant("2b", "floats", swap=("episode_length - steps", "1.0 * episode_length - steps")),
    Variant(
        "2b",
        "cut by the earliest start",
        swap=("np.minimum(remaining, max_length)", "np.full(len(steps), min(remaining.min(), max_length))"),
    ),
    Variant(
        "2b",
        "steps edited in place",
        body="""
        steps *= -1
        steps += episode_length
        lengths = steps if mode == "full" else np.minimum(steps, max_length)
        """,
    ),
    # 2c
    Variant("2c", "always from the start states", swap=("obs = next_obs", "pass")),
    Variant("2c", "all as long as the longest", swap=("alive = lengths > step", "alive = lengths > 0")),
    Variant("2c", "all as long as the shortest", swap=("range(lengths.max())", "range(lengths.min())")),
    Variant("2c", "one step only", swap=("range(lengths.max())", "range(1)")),
    Variant("2c", "one step too few", swap=("lengths > step", "lengths > step + 1")),
    Variant("2c", "ends where it should go on", swap=("lengths > step", "lengths >= step")),
    Variant(
        "2c",
        "goals are not kept in step",
        swap=("obs[alive], goals[alive], lengths[alive]", "obs[alive], goals[: alive.sum()], lengths[alive]"),
    ),
    Variant(
        "2c",
        "states are not kept in step",
        swap=("obs[alive], goals[alive], lengths[alive]", "obs[: alive.sum()], goals[alive], lengths[alive]"),
    ),
    Variant(
        "2c",
        "sorted lengths assumed",
        swap=(
            "obs[alive], goals[alive], lengths[alive]",
            "obs[: alive.sum()], goals[: alive.sum()], lengths[alive]",
        ),
    ),
    Variant("2c", "next state as state", swap=('{"obs": obs,', '{"obs": next_obs,')),
    Variant(
        "2c",
        "actions of the first step",
        swap=(
            "actions = policy(obs, goals)",
            "actions = policy(obs, goals) if step == 0 else actions[alive]",
        ),
    ),
    Variant(
        "2c",
        "one goal for all",
        swap=("policy(obs, goals)", "policy(obs, np.tile(goals[:1], (len(obs), 1)))"),
    ),
    Variant("2c", "goals left at the start", swap=('"goals": goals}', '"goals": goals[::-1]}')),
    Variant(
        "2c", "sampled twice", swap=("    obs = next_obs", "    obs = model.sample_next(obs, actions, rng)")
    ),
    Variant(
        "2c",
        "policy asked for the next state",
        swap=(
            "next_obs = model.sample_next(obs, actions, rng)",
            "next_obs = model.sample_next(obs, actions, rng)\n    actions = policy(next_obs, goals)",
        ),
    ),
    Variant(
        "2c", "generator of its own", swap=("obs, actions, rng)", "obs, actions, np.random.default_rng(0))")
    ),
    Variant(
        "2c", "generator of the system", swap=("obs, actions, rng)", "obs, actions, np.random.default_rng())")
    ),
    Variant(
        "2c",
        "finished ones stepped and thrown away",
        body="""
        for step in range(lengths.max()):
            actions = policy(obs, goals)
            next_obs = model.sample_next(obs, actions, rng)
            keep = lengths > step
            pieces.append(
                {"obs": obs[keep], "actions": actions[keep], "next_obs": next_obs[keep], "goals": goals[keep]}
            )
            obs = next_obs
        """,
    ),
    Variant(
        "2c",
        "one array reused",
        body="""
        obs = obs.copy()
        for step in range(lengths.max()):
            alive = lengths > step
            obs, goals, lengths = obs[: len(alive)][alive], goals[alive], lengths[alive]
            actions = policy(obs, goals)
            pieces.append({"obs": obs, "actions": actions, "next_obs": obs, "goals": goals})
            obs[:] = model.sample_next(obs, actions, rng)
        """,
    ),
    Variant(
        "2c",
        "the policy asked twice",
        swap=("model.sample_next(obs, actions, rng)", "model.sample_next(obs, policy(obs, goals), rng)"),
    ),
    Variant(
        "2c",
        "start states edited in place",
        body="""
        for step in range(lengths.max()):
            alive = lengths > step
            actions = policy(obs[alive], goals[alive])
            next_obs = model.sample_next(obs[alive], actions, rng)
            pieces.append({"obs": obs[alive], "actions": actions, "next_obs": next_obs, "goals": goals[alive]})
            obs[alive] = next_obs
        """,
    ),
    Variant(
        "2c",
        "lengths counted down in place",
        body="""
        while lengths.max() > 0:
            alive = lengths > 0
            actions = policy(obs[alive], goals[alive])
            next_obs = model.sample_next(obs[alive], actions, rng)
            pieces.append({"obs": obs[alive], "actions": actions, "next_obs": next_obs, "goals": goals[alive]})
            obs = obs.astype(next_obs.dtype)
            obs[alive] = next_obs
            lengths -= 1
        """,
    ),
    # 2d
    Variant(
        "2d",
        "next_row not wrapped",
        swap=("(self.next_row + count) % self.capacity", "min(self.next_row + count, self.capacity)"),
    ),
    Variant("2d", "size without bound", swap=("min(self.size + count, self.capacity)", "self.size + count")),
    Variant(
        "2d",
        "size wrapped",
        swap=("min(self.size + count, self.capacity)", "(self.size + count) % self.capacity"),
    ),
    Variant("2d", "size is next_row", swap=("min(self.size + count, self.capacity)", "self.next_row")),
    Variant("2d", "size is the last count", swap=("min(self.size + count, self.capacity)", "count")),
    Variant("2d", "always from row 0", swap=("(self.next_row + np.arange(count))", "np.arange(count)")),
    Variant(
        "2d",
        "what does not fit is lost",
        body="""
        fits = min(count, self.capacity - self.next_row)
        for key, values in transitions.items():
            self.data[key][self.next_row : self.next_row + fits] = values[:fits]
        self.next_row = (self.next_row + fits) % self.capacity
        self.size = min(self.size + fits, self.capacity)
        """,
    ),
    Variant(
        "2d",
        "starts again where it does not fit",
        body="""
        if self.next_row + count > self.capacity:
            self.next_row = 0
        for key, values in transitions.items():
            self.data[key][self.next_row : self.next_row + count] = values
        self.next_row = (self.next_row + count) % self.capacity
        self.size = min(self.size + count, self.capacity)
        """,
    ),
    Variant("2d", "off by one row", swap=("np.arange(count)", "np.arange(1, count + 1)")),
    Variant(
        "2d",
        "rows of each key apart",
        swap=(
            "self.data[key][rows] = values",
            "self.data[key][rows] = values\n    rows = (rows + 1) % self.capacity",
        ),
    ),
    Variant("2d", "reversed", swap=("= values", "= values[::-1]")),
    Variant(
        "2d",
        "wrapped part swapped",
        swap=(
            "rows = (self.next_row + np.arange(count)) % self.capacity",
            "rows = np.sort((self.next_row + np.arange(count)) % self.capacity)",
        ),
    ),
    Variant("2d", "first key only", swap=("transitions.items()", "list(transitions.items())[:1]")),
    Variant(
        "2d",
        "shared by all buffers",
        swap=(
            "self.size = min(self.size + count, self.capacity)",
            "ModelBuffer.n = getattr(ModelBuffer, 'n', 0) + count\nself.size = min(ModelBuffer.n, self.capacity)",
        ),
    ),
    Variant(
        "2d",
        "random rows replaced",
        body="""
        rows = np.random.default_rng(0).integers(self.capacity, size=count)
        for key, values in transitions.items():
            self.data[key][rows] = values
        self.next_row = (self.next_row + count) % self.capacity
        self.size = min(self.size + count, self.capacity)
        """,
    ),
    # 2e
    Variant(
        "2e",
        "shares swapped",
        swap=("round(real_fraction * batch_size)", "round((1 - real_fraction) * batch_size)"),
    ),
    Variant(
        "2e",
        "real rows overwritten",
        body="""
        num_real = round(real_fraction * len(real["obs"]))
        for key in real:
            real[key][num_real:] = imagined[key][num_real:]
        mixed = real
        """,
    ),
    Variant("2e", "truncated", swap=("round(real_fraction * batch_size)", "int(real_fraction * batch_size)")),
    Variant(
        "2e",
        "rounded up",
        swap=("round(real_fraction * batch_size)", "int(np.ceil(real_fraction * batch_size))"),
    ),
    Variant(
        "2e",
        "at least one real row",
        swap=("round(real_fraction * batch_size)", "max(1, round(real_fraction * batch_size))"),
    ),
    Variant(
        "2e", "minus zero", swap=("imagined[key][num_real:]", "imagined[key][-(batch_size - num_real):]")
    ),
    Variant("2e", "real rows first and last", swap=("imagined[key][num_real:]", "real[key][num_real:]")),
    Variant("2e", "imagined rows only", swap=("real[key][:num_real]", "imagined[key][:num_real]")),
    Variant(
        "2e",
        "twice the size",
        swap=("real[key][:num_real], imagined[key][num_real:]", "real[key], imagined[key]"),
    ),
    Variant(
        "2e",
        "first key whole, others swapped",
        body="""
        batch_size = len(real["obs"])
        num_real = round(real_fraction * batch_size)
        mixed = {key: np.concatenate([real[key][:num_real], imagined[key][num_real:]]) for key in real}
        mixed["actions" if "actions" in mixed else "goals"] = real["actions" if "actions" in mixed else "goals"]
        """,
    ),
    Variant(
        "2e",
        "keys shuffled apart",
        swap=(
            "np.concatenate([real[key][:num_real], imagined[key][num_real:]])",
            "np.roll(np.concatenate([real[key][:num_real], imagined[key][num_real:]]), len(key), axis=0)",
        ),
    ),
    Variant(
        "2e",
        "paired by their order",
        body="""
        num_real = round(real_fraction * len(real["obs"]))
        pairs = zip(real.values(), imagined.values())
        mixed = dict(zip(real, [np.concatenate([a[:num_real], b[num_real:]]) for a, b in pairs]))
        """,
    ),
    Variant(
        "2e",
        "a coin for each row",
        body="""
        batch_size = len(real["obs"])
        coin = np.random.default_rng().random(batch_size) < real_fraction
        pick = lambda key: np.array([(real if coin[i] else imagined)[key][i] for i in range(batch_size)])
        mixed = {key: pick(key) for key in real}
        """,
    ),
    Variant(
        "2e",
        "drawn with replacement",
        body="""
        batch_size, rng = len(real["obs"]), np.random.default_rng()
        num_real = round(real_fraction * batch_size)
        a, b = rng.integers(batch_size, size=num_real), rng.integers(batch_size, size=batch_size - num_real)
        mixed = {key: np.concatenate([real[key][a], imagined[key][b]]) for key in real}
        """,
    ),
    Variant(
        "2e",
        "weighted average of the rows",
        swap=(
            "np.concatenate([real[key][:num_real], imagined[key][num_real:]])",
            "real_fraction * real[key] + (1 - real_fraction) * imagined[key]",
        ),
    ),
    Variant(
        "2e", "two keys only", swap=("for key in real}", 'for key in ("obs", "actions") if key in real}')
    ),
]

RIGHT = [
    # 2a
    Variant(
        "2a",
        "one draw over all states",
        body="""
        index = rng.integers(0, num_episodes * (episode_length if mode == "all" else 1), count)
        episodes, steps = np.divmod(index, episode_length if mode == "all" else 1)
        """,
    ),
    Variant(
        "2a",
        "one at a time, steps first",
        body="""
        episodes, steps = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
        for i in range(count):
            if mode == "all":
                steps[i] = rng.integers(episode_length)
            episodes[i] = rng.integers(num_episodes)
        """,
    ),
    Variant(
        "2a",
        "rng.choice",
        body="""
        episodes = rng.choice(num_episodes, count)
        steps = rng.choice(np.arange(episode_length), count, replace=True)
        if mode == "initial":
            steps = steps * 0
        """,
    ),
    Variant(
        "2a",
        "scaled uniform numbers",
        body="""
        episodes = (rng.random(count) * num_episodes).astype(int)
        steps = np.zeros_like(episodes)
        if mode == "all":
            steps = np.floor(rng.uniform(0, episode_length, count)).astype(np.int64)
        """,
    ),
    # 2b
    Variant(
        "2b",
        "loop",
        body="""
        left = [episode_length - int(t) for t in steps]
        lengths = np.array([n if mode == "full" else min(n, max_length) for n in left])
        """,
    ),
    Variant(
        "2b",
        "by the end of the rollout",
        body="""
        ends = np.full_like(steps, episode_length)
        if mode == "partial":
            ends = np.clip(steps + max_length, 0, episode_length)
        lengths = ends - steps
        """,
    ),
    Variant(
        "2b",
        "infinite limit",
        body="""
        limit = episode_length if mode == "full" else max_length
        lengths = np.minimum(limit, -(steps - episode_length)).astype(np.int32)
        """,
    ),
    Variant(
        "2b",
        "where",
        body="""
        lengths = episode_length - steps
        if mode == "partial":
            lengths = np.where(lengths > max_length, max_length, lengths)
        """,
    ),
    # 2c
    Variant(
        "2c",
        "one rollout after the other",
        body="""
        for i in range(len(obs)):
            state, goal = obs[i : i + 1], goals[i : i + 1]
            for _ in range(lengths[i]):
                action = policy(state, goal)
                after = model.sample_next(state, action, rng)
                pieces.append({"obs": state, "actions": action, "next_obs": after, "goals": goal})
                state = after
        """,
    ),
    Variant(
        "2c",
        "indices of those alive",
        body="""
        states = np.array(obs, dtype=np.float64)
        for step in range(int(max(lengths))):
            index = np.flatnonzero(lengths > step)
            actions = policy(states[index], goals[index])
            after = model.sample_next(states[index], actions, rng)
            pieces.append(dict(obs=states[index], actions=actions, next_obs=after, goals=goals[index]))
            states[index] = after
        """,
    ),
    Variant(
        "2c",
        "while any is left, last rollout first",
        body="""
        left, state, goal = lengths[::-1].copy(), obs[::-1], goals[::-1]
        while len(left):
            action = policy(state, goal)
            after = model.sample_next(state, action, rng)
            pieces.append({"goals": goal, "next_obs": after, "actions": action, "obs": state})
            left = left - 1
            state, goal, left = after[left > 0], goal[left > 0], left[left > 0]
        """,
    ),
    Variant(
        "2c",
        "preallocated, single precision",
        body="""
        total, done, state = int(lengths.sum()), 0, obs
        out = {key: np.empty((total, obs.shape[1]), np.float32) for key in ("obs", "next_obs")}
        out["goals"] = np.empty((total, goals.shape[1]), np.float32)
        for step in range(lengths.max()):
            alive = lengths > step
            state, goals, lengths = state[alive], goals[alive], lengths[alive]
            actions = policy(state, goals)
            after = model.sample_next(state, actions, rng)
            rows = slice(done, done + len(state))
            out.setdefault("actions", np.empty((total, actions.shape[1]), np.float32))[rows] = actions
            out["obs"][rows], out["next_obs"][rows], out["goals"][rows] = state, after, goals
            state, done = after, done + len(state)
        pieces.append(out)
        """,
    ),
    Variant("2c", "an empty step at the end", swap=("range(lengths.max())", "range(lengths.max() + 1)")),
    # 2d
    Variant(
        "2d",
        "row by row",
        body="""
        for i in range(count):
            for key in transitions:
                self.data[key][self.next_row] = transitions[key][i]
            self.next_row = self.next_row + 1 if self.next_row + 1 < self.capacity else 0
            self.size = min(self.size + 1, self.capacity)
        """,
    ),
    Variant(
        "2d",
        "two slices",
        body="""
        first = min(count, self.capacity - self.next_row)
        for key in self.data:
            self.data[key][self.next_row : self.next_row + first] = transitions[key][:first]
            self.data[key][: count - first] = transitions[key][first:]
        self.size = max(self.size, min(self.next_row + count, self.capacity))
        self.next_row = (self.next_row + count) % self.capacity
        """,
    ),
    Variant(
        "2d",
        "np.put_along_axis by mask",
        body="""
        for key, values in transitions.items():
            rolled = np.roll(self.data[key], -self.next_row, axis=0)
            rolled[:count] = values
            self.data[key] = np.roll(rolled, self.next_row, axis=0)
        self.next_row = np.int64(np.mod(self.next_row + count, self.capacity))
        self.size = np.clip(self.size + count, 0, self.capacity)
        """,
    ),
    Variant(
        "2d",
        "take with wrap",
        body="""
        rows = np.take(np.arange(self.capacity), range(self.next_row, self.next_row + count), mode="wrap")
        for key in transitions.keys():
            for row, value in zip(rows, transitions[key]):
                self.data[key][row] = value
        self.next_row = (rows[-1] + 1) % self.capacity
        self.size += min(count, self.capacity - self.size)
        """,
    ),
    # 2e
    Variant(
        "2e",
        "a mask",
        body="""
        batch_size = len(real["obs"])
        is_real = np.arange(batch_size) < np.round(real_fraction * batch_size)
        mixed = {}
        for key in real:
            mask = is_real.reshape(-1, *[1] * (real[key].ndim - 1))
            mixed[key] = np.where(mask, real[key], imagined[key])
        """,
    ),
    Variant(
        "2e",
        "imagined rows first, from the start",
        body="""
        batch_size = len(real["obs"])
        num_real = int(round(real_fraction * batch_size))
        mixed = {k: np.concatenate((imagined[k][: batch_size - num_real], v[:num_real])) for k, v in real.items()}
        """,
    ),
    Variant(
        "2e",
        "random rows, shuffled together",
        body="""
        rng, batch_size = np.random.default_rng(), len(real["obs"])
        num_real = round(batch_size * real_fraction)
        a, b, order = (rng.permutation(batch_size) for _ in range(3))
        mixed = {}
        for key in imagined:
            both = np.concatenate([real[key][a[:num_real]], imagined[key][b[num_real:]]])
            mixed[key] = both[order]
        """,
    ),
    Variant(
        "2e",
        "copy and overwrite",
        body="""
        num_real = round(real_fraction * len(real["obs"]))
        mixed = {key: np.array(values) for key, values in imagined.items()}
        for key in mixed:
            mixed[key][:num_real] = real[key][:num_real]
        """,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("variant", WRONG, ids=str)
def test_wrong_is_caught(variant: Variant, tmp_path: Path) -> None:
    assert_wrong(tmp_path, variant)


@pytest.mark.slow
@pytest.mark.parametrize("variant", RIGHT, ids=str)
def test_right_passes(variant: Variant, tmp_path: Path) -> None:
    assert_right(tmp_path, variant)


@pytest.mark.parametrize("subpart", ["2a", "2b", "2c", "2d", "2e"])
def test_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    assert_blank_costs_itself_only(tmp_path, subpart)
