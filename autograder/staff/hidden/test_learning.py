"""Parts 1 to 4 and 6 to 8: does it learn? Each part trains from scratch in a world drawn for this grading.

Unit checks judge each function on a few calls. These judge what only a training shows: that the pieces of a part fit
together, over thousands of calls, on data that the policy itself brings about. Code that is right for the first hundred
calls and drifts, freezes or repeats itself later passes every unit check and fails here (test_checks_learning.py).
A training forgives much: two thirds of all wrong answers learn all the same, which is why it replaces no unit check.
"""

from functools import partial

import numpy as np

from autograder.checks.checking import Student, expect, subpart
from autograder.staff.hidden import imitations, inverted, planned, trainings

# Of the spread of the changes. The reference: 0.010 in most worlds, 0.013 in the worst of 100
# (autograder/bench/results/learning.json).
MODEL_ERROR = 0.05
# Part 6, of the episodes. With relabelled data the reference misses .27 in most gradings, .49 in the worst of 100
# (autograder/bench/results/learning_6.json).
MISSES, RELABELLED_MISSES = 0.2, 0.65
MISSED = 0.1  # of 64 goals. The reference: at most one, in 100 worlds
TIME_LIMIT = 90.0  # s of computing
learning = partial(subpart, kind="learning", time_limit=TIME_LIMIT)


@learning("1a", "1b", "1c", "1d", "1e", "1f")
def test_the_model_learns_a_new_world(student: Student, fresh_rng: np.random.Generator) -> None:
    """The ensemble, fitted to a new world, predicts unseen transitions."""
    expect(
        trainings.model_error(student, fresh_rng) < MODEL_ERROR,
        "fitted to 3200 transitions of a simple world, the model predicts unseen ones badly: "
        "look at how its pieces fit together (targets, loss, early stopping, sampling)",
    )


@learning("2a", "2b", "2c", "2d", "2e")
def test_imagined_data_are_enough_to_learn_from(student: Student, fresh_rng: np.random.Generator) -> None:
    """A policy learns from imagined rollouts, with hardly any real data."""
    expect(
        trainings.imagined_rounds(student, fresh_rng) is not None,
        "a policy trained on your imagined rollouts did not learn to reach goals in the real world",
    )


@learning("3a", "3b", "3c", "3d", "3e", "3f", "3g")
def test_the_policy_learns_a_new_world(student: Student, fresh_rng: np.random.Generator) -> None:
    """Actor and critic, trained from scratch, reach goals in a new world."""
    expect(
        trainings.policy_rounds(student, fresh_rng) is not None,
        "together, the pieces of your policy did not learn to reach goals in a simple world: "
        "is what they pass on to each other what the next one expects?",
    )


@learning("4b", "4e", "4f")
def test_relabeling_makes_sparse_rewards_learnable(student: Student, fresh_rng: np.random.Generator) -> None:
    """With your relabeling, sparse rewards are enough to learn from."""
    expect(
        trainings.relabel_rounds(student, fresh_rng) is not None,
        "a good learner, given your relabelled batches, did not learn to reach goals",
    )


@learning("6a", "6b", "6c")
def test_one_network_learns_six_tasks(student: Student, fresh_rng: np.random.Generator) -> None:
    """Imitation of six tasks at once, two of them with few demonstrations, in a new world."""
    expect(
        imitations.conditioned_misses(student, fresh_rng) <= MISSES,
        "one network, trained on your minibatches, states and loss, does not go where its task is",
    )


@learning("6e")
def test_the_task_is_inferred_from_a_new_demonstration(
    student: Student, fresh_rng: np.random.Generator
) -> None:
    """An encoder, trained on your partners, tells the task of demonstrations that it has never seen."""
    expect(
        imitations.inferred_misses(student, fresh_rng) <= MISSES,
        "a policy that is shown a new demonstration of a task, after training on your partners, does something else",
    )


@learning("6g", "6h")
def test_relabelled_data_are_worth_imitating(student: Student, fresh_rng: np.random.Generator) -> None:
    """Episodes that went anywhere teach eight tasks if each is relabelled with the one it earned most in."""
    expect(
        imitations.relabelled_misses(student, fresh_rng) <= RELABELLED_MISSES,
        "imitation of episodes with your labels, of the highest return, does not go where its task is",
    )


@learning("7a", "7b", "7c", "7d")
def test_plans_that_are_sampled_lead_to_the_goal(student: Student, fresh_rng: np.random.Generator) -> None:
    """CEM with your functions, in a new world with a wind that the model does not know of."""
    expect(
        planned.missed_by_sampling(student, fresh_rng) <= MISSED,
        "plans found by your functions did not lead to the goals of a simple world: "
        "does each pass on what the next one expects?",
    )


@learning("7a", "7d", "7e")
def test_plans_that_climb_lead_to_the_goal(student: Student, fresh_rng: np.random.Generator) -> None:
    """Gradient ascent with your functions, in a new world with a wind that the model does not know of."""
    expect(
        planned.missed_by_climbing(student, fresh_rng) <= MISSED,
        "climbing the returns with your functions did not lead to the goals of a simple world: "
        "does a step go uphill, and do gradients flow through all of the plan?",
    )


@learning("8a", "8b", "8g")
def test_an_inverse_model_leads_to_the_goal(student: Student, fresh_rng: np.random.Generator) -> None:
    """Random steps in a new world, and your functions: a policy that was never trained."""
    expect(
        inverted.missed_by_inverting(student, fresh_rng) <= MISSED,
        "an inverse model made of your functions did not lead to the goals of a simple world: "
        "does each pass on what the next one expects?",
    )
