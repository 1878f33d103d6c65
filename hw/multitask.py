"""Part 6: one policy for many tasks (the lecture's multi-task imitation and multi-task RL).

The tasks share their dynamics and differ in their reward r_i(s'). The task identifier z_i becomes a part of the state,
s = (s̄, z_i), and one network learns all tasks. z_i is a one-hot vector (6a), the code of an instruction (6d) or of a
demonstration (6e), or the prompt of a sequence policy (6f).

    data of all tasks  ->  minibatches with each task in them  ->  Σ_i L(θ, D_i)
    a trajectory of task i  ->  a label j by its returns under all tasks  ->  rewards r'_t = r_j(s'_t)

Shapes: B rows of a batch, O = obs_dim, K tasks, each an int in 0 … K-1. Every function leaves its arguments unchanged.
"""

import numpy as np
import torch


def with_task(obs: np.ndarray, tasks: np.ndarray, num_tasks: int) -> np.ndarray:
    """The state with its task identifier: s = (s̄, z_i), where z_i is 1 at place i and 0 elsewhere.

    Args: obs (B, O) float32 or float64, tasks (B,) int. Returns: (B, O+K), obs first, in the dtype of obs.
    """
    # TODO(6a): the task is K more numbers of the state, one of which is 1
    raise NotImplementedError("TODO(6a): the task as a part of the state")
    assert states.shape == (len(obs), obs.shape[1] + num_tasks), "one state for each row: (B, O+K)"
    return states


def stratified_rows(task_of_row: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """A stratified minibatch: each task has the same share of it, however much data it has.

    K' tasks occur in task_of_row. Each task gets count // K' rows of the batch; count % K' of the tasks, drawn without
    replacement, get one more. A task's rows are drawn from all it has: uniformly, independently, with replacement.
    Args: task_of_row (N,) int, the task of each row of the data. Returns: row numbers (count,) int, in any order.
    """
    # TODO(6b): first say how many rows each task gets, then draw the rows of each
    raise NotImplementedError("TODO(6b): stratified minibatches")
    assert rows.shape == (count,), "one row number for each row of the batch: (count,)"
    return rows


def multitask_loss(errors: torch.Tensor, tasks: torch.Tensor, num_tasks: int) -> torch.Tensor:
    """Σ_i L(θ, D_i): the mean error over the rows of task i, summed over the tasks; a task without rows adds 0.

    Args: errors (B,) float, one for each row; tasks (B,) int64. Returns: a scalar tensor, with gradients to errors.
    """
    # TODO(6c): a mean for each task, then a sum over the tasks: how many rows a task has does not matter
    raise NotImplementedError("TODO(6c): the loss of all tasks")
    assert loss.shape == (), "a loss is a single number: shape ()"
    return loss


def encode_words(tokens: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """The code z of an instruction: the mean of the vectors of its words.

    Word w has the vector vectors[w]. Token 0 is padding, which makes short sentences as long as the others: wherever it
    stands, it is no word, and vectors[0] counts nowhere. A sentence without words has the code 0.
    Args: tokens (B, L) int64, vectors (V, D) float. Returns: (B, D), with gradients to the vectors.
    """
    # TODO(6d): padding must count neither in the sum nor in the number of words
    raise NotImplementedError("TODO(6d): the code of an instruction")
    assert codes.shape == (len(tokens), vectors.shape[1]), "one code for each sentence: (B, D)"
    return codes


def partner_demos(task_of_demo: np.ndarray, demos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each demonstration another one of the same task, from which the encoder infers the task.

    (If it saw the one that is imitated, it could pass on its details instead of the task.) A partner is drawn uniformly
    from all *other* demonstrations of the task, for each row on its own; a demonstration alone in its task is its own.
    Args: task_of_demo (M,) int, the task of each; demos (B,) int in 0 … M-1, may repeat. Returns: partners (B,) int.
    """
    # TODO(6e): do not draw again until it is another one: draw how far away the partner is
    raise NotImplementedError("TODO(6e): another demonstration of the task")
    assert partners.shape == demos.shape, "one partner for each row: (B,)"
    return partners


def prompt_mask(is_word: torch.Tensor, steps: int) -> torch.Tensor:
    """Which token may look at which in a sequence policy with the tokens [prompt, s_1, a_1, s_2, a_2, …, a_steps].

    Every token looks at all words of the prompt, and none at its padding. The 2·steps tokens after the prompt also look
    at themselves and at those between the prompt and them: s_t sees s_1, a_1, …, a_t-1, s_t, but not a_t, which is
    predicted there. Tokens of the prompt look at nothing after it.
    Args: is_word (B, P) bool, False at padding. Returns: (B, L, L) bool with L = P + 2·steps: may i look at j?
    """
    # TODO(6f): draw the matrix for two words and two steps on paper, a row for each token that looks
    raise NotImplementedError("TODO(6f): the mask of a sequence policy")
    assert mask.shape[1] == mask.shape[2] == is_word.shape[1] + 2 * steps, "a matrix for each row: (B, L, L)"
    return mask


def relabel_tasks(
    returns: np.ndarray, tasks: np.ndarray, strategy: str, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """New task labels for a part of the batch: each row by itself, with probability `fraction`, gets a new one.

    "random": any of the K tasks, the old one too, all equally likely. "best": the task in which the row's return is
    highest; if several share it, one of them, all equally likely (a trajectory that solves nothing earns -T in each).
    Args: returns (B, K), of each row's trajectory under each task; tasks (B,) int, the old labels. Returns: (B,) int.
    """
    if strategy not in ("random", "best"):
        raise ValueError(f"relabeling strategy {strategy!r} is unknown: choose 'random' or 'best'")
    # TODO(6g): which tasks may a row get? one of them is drawn, and whether the row gets it is drawn as well
    raise NotImplementedError("TODO(6g): relabeling across tasks")
    assert labels.shape == tasks.shape, "one label for each row: (B,)"
    return labels


def task_rewards(rewards: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """r'_t = r_j(s'_t), the reward of arriving at s'_t under the task j that labels the row now.

    Args: rewards (B, K), of each row under each task; tasks (B,) int, the labels. Returns: (B,).
    """
    # TODO(6h): the rewards under all tasks are there: each row needs the one of its label
    raise NotImplementedError("TODO(6h): the reward of the new task")
    assert chosen.shape == tasks.shape, "one reward for each row: (B,)"
    return chosen
