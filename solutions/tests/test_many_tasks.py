"""Many tasks by imitation: demonstrations, what a policy is told, training, saying."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from envs.errors import UserMistake
from envs.zones import ring
from solutions.imitate import ImitateConfig, imitate
from solutions.kit.demos import Demos, collect, demonstrations, play
from solutions.kit.sentences import KINDS, UNKNOWN, Vocabulary, sentences, split
from solutions.kit.task_sets import run_tasks, solved
from solutions.say import SayConfig, newest_policy, say
from solutions.task_batches import Imitation, frames
from solutions.task_policy import TaskPolicy, load_policy, save_policy
from solutions.told import ELSE, RIGHT, UNSEEN, ways

FOUR = ring(4)


@pytest.fixture(scope="module")
def demos() -> Demos:
    return collect(FOUR, each=6, seed=0)


def untrained(z: str, seed: int = 0) -> TaskPolicy:
    return TaskPolicy(z, obs_dim=4, action_dim=2, num_tasks=4, vocabulary=len(Vocabulary()), seed=seed)


# --- demonstrations ---


def test_demonstrations_are_acted_with_noise_and_hold_what_the_expert_wanted(demos):
    assert (np.bincount(demos.tasks) == 6).all() and demos.obs.dtype == np.float32
    assert (FOUR.rewards(demos.obs[:, -1])[np.arange(24), demos.tasks] == 0).all()
    gap = demos.done - demos.actions
    inside = np.abs(demos.done) < 1
    assert 0.2 < gap[inside].std() < 0.4 and np.abs(demos.done).max() <= 1
    obs = {"observation": demos.obs[:, 0].astype(float), "achieved_goal": demos.obs[:, 0, :2].astype(float)}
    assert np.allclose(FOUR.act(obs, demos.tasks), demos.actions[:, 0], atol=1e-5)


def test_the_first_of_each_task_and_the_others_are_all_of_them(demos):
    some, others = demos.firsts((4, 4, 1, 2)), demos.without_firsts(4)
    assert np.bincount(some.tasks).tolist() == [4, 4, 1, 2] and np.bincount(others.tasks).tolist() == [2] * 4
    assert np.array_equal(some.obs[4:8], demos.obs[6:10]) and np.array_equal(others.obs[:2], demos.obs[4:6])


def test_a_file_of_demonstrations_is_read_and_one_that_is_stale_or_damaged_is_made_anew(
    tmp_path, monkeypatch
):
    first = demonstrations(FOUR, 2, seed=0, folder=tmp_path)
    (path,) = tmp_path.glob("*.npz")
    made = path.stat().st_mtime_ns
    assert np.array_equal(demonstrations(FOUR, 2, seed=0, folder=tmp_path).obs, first.obs)
    assert path.stat().st_mtime_ns == made

    for damage in (
        lambda: path.write_bytes(b"no archive"),
        lambda: path.write_bytes(path.read_bytes()[:-200]),
    ):
        damage()
        assert np.array_equal(demonstrations(FOUR, 2, seed=0, folder=tmp_path).done, first.done)
    np.savez(path, obs=first.obs)
    assert len(demonstrations(FOUR, 2, seed=0, folder=tmp_path)) == 8

    made = path.stat().st_mtime_ns
    monkeypatch.setattr("solutions.kit.demos._fingerprint", lambda: "other code")
    demonstrations(FOUR, 2, seed=0, folder=tmp_path)
    assert path.stat().st_mtime_ns != made


def test_random_play_has_no_purpose_and_other_episodes_for_another_seed():
    one, other = (play(FOUR, 10, seed) for seed in (0, 10_000))
    assert one["obs"].shape == (10, 21, 4) and one["rewards"].shape == (10, 20, 4)
    assert not np.array_equal(one["actions"], other["actions"])
    assert (one["actions"][:, 1:] == one["actions"][:, :-1]).all(axis=2).mean() > 0.5  # held for some steps


# --- what a policy is told ---


def test_no_sentence_is_of_two_kinds_or_two_tasks_and_only_new_ones_have_new_words():
    said = [text for task in range(6) for kind in KINDS for text in sentences(task, kind)]
    assert len(said) == len(set(said))
    vocabulary = Vocabulary()
    for task in range(6):
        assert not any(
            vocabulary.unknown(text) for kind in ("seen", "recombined") for text in sentences(task, kind)
        )
        for text in sentences(task, "reworded"):
            assert len(vocabulary.unknown(text)) == 1, text
        for text in sentences(task, "german"):  # no word of it, and "Hand" would be one
            assert len(vocabulary.unknown(text)) == len(split(text)), text


def test_tokens_do_not_mind_capitals_and_commas_and_unknown_words_have_their_own():
    vocabulary = Vocabulary()
    tokens = vocabulary.tokens(["Lift, the block!", "yodel"])
    assert tokens.shape == (2, 3) and tokens[1].tolist() == [UNKNOWN, 0, 0] and (tokens[0] > UNKNOWN).all()
    assert np.array_equal(vocabulary.tokens(["lift the block"])[0], tokens[0])


def test_something_else_is_never_the_task_it_is_judged_by(demos):
    tasks, rng = np.arange(400) % 4, np.random.default_rng(0)
    told = ways("onehot", tasks, 4, demos, demos, rng)
    assert np.array_equal(told[RIGHT], tasks) and not (told[ELSE] == tasks).any()
    assert set(np.bincount(4 * tasks + told[ELSE], minlength=16) > 0) == {True, False}
    shown = ways("demo", tasks, 4, demos.firsts((4,) * 4), demos.without_firsts(4), rng)
    last = {name: FOUR.rewards(some[:, -1])[np.arange(400), tasks] for name, some in shown.items()}
    assert (last[RIGHT] == 0).all() and (last[UNSEEN] == 0).all() and (last[ELSE] == -1).all()


# --- policies ---


@pytest.mark.parametrize("z", ["onehot", "demo", "prompt", "none"])
def test_a_policy_that_was_saved_acts_as_before_and_its_seed_alone_decides_its_weights(z, demos, tmp_path):
    torch.manual_seed(0)
    policy = untrained(z)
    policy.obs_norm.observe(demos.obs)
    save_policy(tmp_path / "policy.safetensors", policy, {"tasks": "ring"})
    again, about = load_policy(tmp_path / "policy.safetensors")
    torch.manual_seed(1)
    same = untrained(z)
    same.obs_norm.observe(demos.obs)
    told = frames(demos.obs) if z == "demo" else demos.tasks
    acted = []
    for one in (policy, again, same, untrained(z, seed=1)):
        act = one.told(told)
        acted.append([act({"observation": demos.obs[:, step]}) for step in range(8)])
    assert about == {"tasks": "ring"}
    assert np.array_equal(acted[0], acted[1]) and np.array_equal(acted[0], acted[2])
    assert not np.array_equal(acted[0], acted[3]) and np.abs(acted[0]).max() <= 1


def test_a_sequence_policy_sees_its_last_steps_and_no_action_before_it_is_taken(demos):
    policy = untrained("prompt")
    policy.obs_norm.observe(demos.obs)
    obs, done = demos.obs[:, :6], demos.done[:, :6].copy()
    with torch.no_grad():
        before = policy(obs, done, demos.tasks)
        done[:, 3] += 1
        after = policy(obs, done, demos.tasks)
    assert torch.equal(before[:, :4], after[:, :4]) and not torch.allclose(before[:, 4:], after[:, 4:])


def test_what_holds_no_policy_is_one_sentence(tmp_path):
    with pytest.raises(UserMistake, match="there is no policy file"):
        load_policy(tmp_path / "none")
    (tmp_path / "bad").write_bytes(b"nothing")
    with pytest.raises(UserMistake, match="holds no policy for many tasks"):
        load_policy(tmp_path / "bad")


# --- training ---


def test_each_task_has_its_share_of_a_batch_or_the_share_of_its_data(demos):
    few = demos.firsts((6, 6, 6, 1))
    for batches, share in (("stratified", 0.25), ("proportional", 1 / 19)):
        learner = Imitation(few, untrained("onehot"), np.random.default_rng(0), batches)
        assert abs((few.tasks[learner.rows(4_000)] == 3).mean() - share) < 0.02


def test_imitation_solves_the_task_it_is_told_and_not_another_and_without_z_nothing_is_solved(demos):
    rng = np.random.default_rng(1)
    env, tasks = FOUR.make_env(40, 5), np.arange(40) % 4
    found = {}
    for z in ("onehot", "none"):
        learner = Imitation(demos, untrained(z), np.random.default_rng(0))
        for _ in range(300):
            learner.update()
        for name, told in ways(z, tasks, 4, demos, demos, rng).items():
            found[z, name] = solved(run_tasks(FOUR, env, learner.policy.told(told)), tasks).mean()
    assert found["onehot", RIGHT] > 0.9 and found["onehot", ELSE] < 0.1 and found["none", RIGHT] < 0.4


def test_the_command_prints_writes_and_is_the_same_for_the_same_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = ImitateConfig(
        tasks="ring", demos=3, updates=20, eval_every=10, episodes=2, json=Path("new/a.json")
    )
    figures = imitate(config)
    assert [point["updates"] for point in figures["curve"]] == [10, 20]
    printed = capsys.readouterr().out
    assert "something else" in printed and "policy: runs/imitate-onehot-s0/policy.safetensors" in printed
    written = json.loads(Path("new/a.json").read_text())
    assert written["success"] == figures["success"] and len(figures["success"][RIGHT]) == 8
    again = imitate(config)
    assert [p["loss"] for p in again["curve"]] == [p["loss"] for p in figures["curve"]]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"demos": 0}, "demos must be at least 1"),
        ({"z": "words", "tasks": "ring"}, "instructions are known for desk alone"),
        ({"z": "demo", "relabel": "best"}, "random play shows and says no task"),
        ({"rare": 200}, "rare must be at most demos"),
        ({"z": "telepathy"}, "unknown z 'telepathy'"),
    ],
)
def test_values_that_make_no_sense_are_one_sentence(changes, sentence):
    with pytest.raises(UserMistake, match=sentence):
        ImitateConfig(**changes).check()


# --- saying ---


@pytest.mark.slow
def test_saying_counts_where_episodes_end_and_names_words_it_does_not_know(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserMistake, match="make imitate Z=words"):
        newest_policy()
    words = TaskPolicy("words", obs_dim=25, action_dim=4, num_tasks=6, vocabulary=len(Vocabulary()))
    for folder, policy in (("a", words), ("b", untrained("onehot"))):  # the newest understands no words
        Path("runs", folder).mkdir(parents=True)
        save_policy(Path("runs", folder, "policy.safetensors"), policy, {"tasks": "desk"})
    figures = say(SayConfig("heave the block", episodes=3, video_episodes=0, json=Path("said.json")))
    assert figures["unknown"] == ["heave"] and figures["policy"] == "runs/a/policy.safetensors"
    assert set(figures["ended"]) == {"left", "right", "away", "near", "lift", "hover", "in none"}
    assert "never seen: heave" in capsys.readouterr().out
    assert json.loads(Path("said.json").read_text()) == figures
    with pytest.raises(UserMistake, match="does not understand words"):
        say(SayConfig("lift", policy=Path("runs/b/policy.safetensors")))
    with pytest.raises(UserMistake, match="the words are empty"):
        say(SayConfig("  "))
