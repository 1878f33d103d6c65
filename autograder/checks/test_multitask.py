"""Part 6, one policy for many tasks: small batches that can be followed by hand, and draws that can be counted."""

from typing import Any, cast

import numpy as np

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_close,
    expect_distribution,
    expect_probability,
    expect_raises,
    expect_unchanged,
    subpart,
)
from autograder.checks.mistakes import on_error
from autograder.checks.multitask_batches import (
    expect_fair_rest,
    expect_fair_rows,
    expect_own_rows,
    expect_stratified_stream,
    stratified,
)
from autograder.checks.multitask_draws import (
    FRACTION,
    expect_best,
    expect_fair_partners,
    expect_random,
    expect_relabel_stream,
    expect_ties,
    partners_of,
    relabelled,
)
from autograder.checks.multitask_values import expect_loss, expect_rewards, expect_states
from autograder.checks.multitask_words import expect_codes, expect_mask
from autograder.checks.streams import expect_stream

# --- 6a ---

OBS = np.array([[0.5, -1.0], [2.0, 3.0], [-0.25, 4.0], [7.0, 6.0]])


@subpart("6a")
def test_states_hold_their_task(student: Student) -> None:
    """[observation, one-hot vector]: of 6 tasks, task 2 is 0 0 1 0 0 0; a second batch gets its own."""
    expect_states(student, OBS, np.array([2, 0, 5, 2]), 6)
    expect_states(student, OBS + 1, np.array([1, 5, 3, 4]), 6)


@subpart("6a")
def test_states_with_as_many_rows_as_tasks(student: Student) -> None:
    """Row b has the task tasks[b], also where there are as many rows as tasks; and a single row."""
    expect_states(student, OBS, np.array([1, 2, 0, 1]), 4)
    expect_states(student, OBS[:1], np.array([3]), 4, "the state of a batch of one row is wrong")


@subpart("6a")
def test_states_keep_dtype_and_arguments(student: Student) -> None:
    """float32 observations give float32 states; obs and tasks stay as they are."""
    expect_states(student, OBS.astype(np.float32), np.array([0, 1, 1, 2]), 3)
    expect_unchanged(student.multitask.with_task, obs=OBS, tasks=np.array([2, 0, 5, 2]), num_tasks=6)


# --- 6b ---

MANY_AND_FEW = np.array([1, 0, 1, 1, 2, 1, 0, 1, 1, 1])  # seven rows of task 1, two of task 0, one of task 2


@subpart(
    "6b", hint="count // K' rows for each task, one more for some; then draw each task's rows from its own"
)
def test_each_task_has_the_same_share(student: Student) -> None:
    """Six rows of three tasks are two of each; seven are two or three of each."""
    stratified(student, MANY_AND_FEW, 3, Rng(0))
    with on_error(
        "a task with fewer rows than its share raises an error: its rows are drawn with replacement"
    ):
        stratified(student, MANY_AND_FEW, 6, Rng(1))
    for count in (7, 8, 30, 31):
        stratified(student, MANY_AND_FEW, count, Rng(count))


@subpart("6b")
def test_tasks_without_rows_and_small_batches(student: Student) -> None:
    """Only tasks that occur count, and a batch may be smaller than their number."""
    gaps = np.array([4, 9, 4, 4, 1, 9])
    for count in (6, 7, 2, 1):
        stratified(student, gaps, count, Rng(count))
    stratified(student, np.array([3]), 2, Rng(0))


@subpart("6b")
def test_the_rest_is_drawn(student: Student) -> None:
    """Which task gets one row more is drawn at each call, all equally likely."""
    # One test at 2e-8, in two cases.
    expect_fair_rest(student, MANY_AND_FEW, 4, 200, student.given.rng(0))
    expect_fair_rest(student, np.array([0, 1, 2, 3, 3, 3]), 2, 300, student.given.rng(1))


@subpart("6b")
def test_rows_of_a_task_are_uniform(student: Student) -> None:
    """Each row of a task is drawn equally often, independently, with replacement."""
    expect_fair_rows(
        student, np.random.default_rng(0).permutation(np.repeat([0, 2, 3], [5, 40, 600])), 30_000, Rng(0)
    )
    expect_own_rows(student, student.given.rng(0))


@subpart("6b")
def test_minibatches_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and task_of_row stays as it is."""
    expect_stratified_stream(student)
    expect_unchanged(student.multitask.stratified_rows, task_of_row=MANY_AND_FEW, count=7, rng=Rng(0))


# --- 6c ---

ERRORS = np.array([1.0, 3.0, -2.0, 0.5, 8.0, 0.25, 1.5])


@subpart("6c", hint="average within each task, then add up the tasks")
def test_the_loss_adds_up_the_tasks(student: Student) -> None:
    """Each task's mean error, all added up; each row's gradient is 1 / (rows of its task)."""
    expect_loss(student, ERRORS, np.array([0, 2, 1, 0, 2, 2, 2]), 3, 0.75 - 2 + 3.1875)
    expect_loss(student, ERRORS[::-1].copy(), np.array([2, 1, 1, 0, 0, 0, 1]), 3, 0.5 + 9.25 / 3 + 1.5)


@subpart("6c")
def test_tasks_without_rows_add_nothing(student: Student) -> None:
    """A task that has no row in the batch adds 0, the last one too; one row, one task."""
    expect_loss(student, ERRORS, np.array([1, 3, 3, 1, 1, 1, 3]), 6, 2.4375 + 2.5 / 3)
    expect_loss(student, ERRORS[:1], np.array([2]), 4, 1.0)
    expect_loss(student, ERRORS[:4], np.zeros(4, dtype=np.int64), 1, 0.625)


@subpart("6c")
def test_a_task_with_more_rows_does_not_count_more(student: Student) -> None:
    """The same rows of one task twice: its mean stays, and so does the loss."""
    tasks = np.array([0, 1, 0, 1, 1])
    twice = np.concatenate([ERRORS[:5], ERRORS[:5][tasks == 1]])
    expect_loss(student, twice, np.concatenate([tasks, np.ones(3, dtype=np.int64)]), 2, -0.5 + 11.5 / 3)


@subpart("6c")
def test_the_loss_leaves_its_arguments(student: Student) -> None:
    """errors and tasks stay as they are."""
    errors, tasks = Tensor(ERRORS), Tensor(np.array([0, 2, 1, 0, 2, 2, 2]))
    expect_unchanged(student.multitask.multitask_loss, errors=errors, tasks=tasks, num_tasks=3)


# --- 6d ---

VECTORS = np.array([[9.0, -9.0], [1.0, 0.0], [0.0, 0.0], [3.0, -2.0], [0.5, 4.0]])  # word 2 has the vector 0


@subpart("6d", hint="a mask of the words, (B, L, 1), multiplies the vectors; its sum counts the words")
def test_codes_are_mean_vectors(student: Student) -> None:
    """The mean of the words' vectors, whatever padding stands behind them, and gradients for these words alone."""
    tokens = np.array([[1, 3, 0, 0], [4, 2, 1, 3], [3, 0, 0, 0]])
    expect_codes(student, tokens, VECTORS, np.array([[2, -1], [1.125, 0.5], [3, -2]]))
    tokens = np.array([[3, 4, 1, 0], [2, 2, 3, 0], [1, 4, 0, 0]])
    expect_codes(student, tokens, VECTORS - 1, np.array([[0.5, -1 / 3], [0, -5 / 3], [-0.25, 1]]))


@subpart("6d")
def test_padding_may_stand_anywhere(student: Student) -> None:
    """Token 0 is padding before a word and between words too."""
    tokens = np.array([[0, 1, 0, 3], [0, 0, 0, 4], [2, 0, 1, 0]])
    expect_codes(student, tokens, VECTORS, np.array([[2, -1], [0.5, 4], [0.5, 0]]))


@subpart("6d")
def test_sentences_without_words_and_of_one_word(student: Student) -> None:
    """A sentence of padding has the code 0; L = 1; a word that comes twice counts twice."""
    expect_codes(student, np.array([[0, 0], [1, 4]]), VECTORS, np.array([[0, 0], [0.75, 2]]))
    expect_codes(student, np.array([[4], [0], [3]]), VECTORS, np.array([[0.5, 4], [0, 0], [3, -2]]))
    expect_codes(student, np.array([[3, 3, 1]]), VECTORS, np.array([[7 / 3, -4 / 3]]))


@subpart("6d")
def test_codes_leave_their_arguments(student: Student) -> None:
    """tokens and vectors stay as they are."""
    tokens, vectors = Tensor(np.array([[1, 3, 0, 0], [4, 2, 1, 3]])), Tensor(VECTORS)
    expect_unchanged(student.multitask.encode_words, tokens=tokens, vectors=vectors)


# --- 6e ---

DEMOS = np.array([7, 2, 7, 5, 2, 7, 2, 2, 2])  # three demonstrations of task 7, five of task 2, one of task 5


@subpart("6e", hint="never the demonstration itself, unless its task has no other")
def test_partners_are_others_of_the_task(student: Student) -> None:
    """Another demonstration of the same task; one that is alone in its task is its own partner."""
    partners_of(student, DEMOS, np.arange(9), Rng(0))
    partners_of(student, DEMOS, np.tile([8, 0, 3, 2, 4, 1], 30), Rng(1))
    for demo in (3, 0, 6):
        partners_of(student, DEMOS, np.array([demo]), Rng(2))


@subpart("6e")
def test_partners_are_uniform(student: Student) -> None:
    """Each of the others equally often, for each row on its own, also if rows name the same demonstration."""
    # Eleven tests at 2e-8 each.
    demos = np.tile([0, 1, 4, 2, 8, 6, 7, 5], 1500)
    expect_fair_partners(DEMOS, demos, partners_of(student, DEMOS, demos, Rng(0)))


@subpart("6e")
def test_partners_of_a_single_row_are_uniform(student: Student) -> None:
    """A batch of one row gets any of the others."""
    rng = student.given.rng(0)
    drawn = [int(partners_of(student, DEMOS, np.array([4]), rng)[0]) for _ in range(200)]
    expect_distribution(
        np.searchsorted([1, 6, 7, 8], drawn),
        np.full(4, 0.25),
        "in a batch of one row some of the others come more often than the rest",
    )


@subpart("6e")
def test_partners_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    tasks, demos = np.arange(90) % 3, np.arange(60)
    expect_stream(student, lambda rng: {"partners": partners_of(student, tasks, demos, cast(Any, rng))}, {})
    expect_unchanged(student.multitask.partner_demos, task_of_demo=DEMOS, demos=np.arange(9), rng=Rng(0))


# --- 6f ---

WORDS = np.array([[True, True, False], [True, False, False]])


def _expect_mask(student: Student, prompts: list[str], steps: int) -> None:
    """A prompt is written as "110": two words, then padding. `behind` is what follows it in each row."""
    tokens = 2 * steps
    behind = ["0" * tokens] * len(prompts[0]) + ["1" * i + "0" * (tokens - i) for i in range(1, tokens + 1)]
    wanted = [[[bit == "1" for bit in prompt + row] for row in behind] for prompt in prompts]
    is_word = np.array([[bit == "1" for bit in prompt] for prompt in prompts])
    expect_mask(student, is_word, steps, np.array(wanted))


@subpart("6f", hint="draw the matrix for P = 3, steps = 2 on paper: rows look, columns are looked at")
def test_the_mask_of_two_steps(student: Student) -> None:
    """Prompts of two words and of one, two steps: s_2 sees s_1, a_1 and itself, and not a_2."""
    _expect_mask(student, ["110", "100"], 2)
    _expect_mask(student, ["101", "011"], 2)


@subpart("6f")
def test_the_mask_of_other_sizes(student: Student) -> None:
    """One word, one step, one row, padding in front of a word; and more steps."""
    _expect_mask(student, ["1"], 1)
    _expect_mask(student, ["01"], 3)
    _expect_mask(student, ["1011", "0110"], 6)


@subpart("6f")
def test_the_mask_leaves_its_argument(student: Student) -> None:
    """is_word stays as it is."""
    expect_unchanged(student.multitask.prompt_mask, is_word=Tensor(WORDS), steps=2)


# --- 6g ---

RETURNS = np.array(
    [[-5.0, -3.0, -9.0], [-2.0, -8.0, -2.5], [-7.0, -7.5, 0.0], [-9.0, -8.0, -7.0], [-4.0, 6.0, -5.0]]
)


@subpart("6g", hint="of several tasks with the highest return one is drawn")
def test_the_best_task(student: Student) -> None:
    """Strategy "best", fraction 1: the task with the highest return of each row, for batches of several sizes."""
    expect_best(student, RETURNS, np.array([0, 1, 1, 0, 1]), Rng(0))
    expect_best(student, RETURNS[::-1].copy(), np.array([2, 2, 0, 2, 2]), Rng(0))
    expect_best(student, RETURNS[:3], np.array([0, 1, 1]), Rng(1))
    expect_best(student, RETURNS[2:3], np.array([1]), Rng(2))


@subpart("6g")
def test_ties_are_drawn(student: Student) -> None:
    """Where several tasks share the highest return, each is equally likely: all of -T, or two of three."""
    # Four tests at 2e-8 each.
    returns = np.tile([[-5.0, -5.0, -5.0], [-2.0, -7.0, -2.0], [-9.0, 0.0, 0.0]], (4000, 1))
    expect_ties(student, returns, Rng(0))


@subpart("6g")
def test_random_tasks_are_uniform(student: Student) -> None:
    """Strategy "random": each of the K tasks equally often, in a share of the rows that is `fraction`."""
    # Three tests at 2e-8 each, twice.
    expect_random(student, 5, 12_000, 1.0, Rng(0))
    expect_random(student, 4, 12_000, 0.3, Rng(1))


@subpart("6g")
def test_the_share_of_new_labels(student: Student) -> None:
    """Each row by itself with probability `fraction`; 0 keeps all labels. Another strategy is a ValueError."""
    # Three tests at 1e-7 each.
    old = np.array([0, 1, 1, 0, 1])
    for strategy in ("best", "random"):
        labels = relabelled(student, RETURNS, old, strategy, 0.0, Rng(0))
        expect_close(labels, old, "fraction 0 keeps every label", name="relabel_tasks")
    for fraction in (0.2, 0.8):
        returns = np.tile([[-9.0, -3.0]], (4000, 1))
        labels = relabelled(student, returns, np.zeros(4000, dtype=np.int64), "best", fraction, Rng(0))
        inverted = "`fraction` is the share of the rows that get a new label, not of those that keep theirs"
        share = labels.mean()
        expect(0 < share < 1, "all rows were treated alike: draw one number for each row")
        expect(abs(share - (1 - fraction)) > 0.05, inverted)
        expect_probability(int(labels.sum()), 4000, fraction, FRACTION)
    rng = student.given.rng(0)
    pair = np.array([[-9.0, -3.0], [-9.0, -3.0]]), np.zeros(2, dtype=np.int64)
    rows = np.stack([relabelled(student, *pair, "best", 0.5, rng) for _ in range(100)])
    sentence = "which rows get a new label depends on the other rows: decide for each row on its own"
    expect_distribution(rows @ np.array([1, 2]), np.full(4, 0.25), sentence)
    expect_raises(
        lambda: student.multitask.relabel_tasks(RETURNS, old, "worst", 0.5, Rng(0)),
        ValueError,
        "a strategy that is neither 'random' nor 'best' must be a ValueError",
    )


@subpart("6g")
def test_labels_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    expect_relabel_stream(student)
    tasks = np.array([0, 1, 1, 0, 1])
    for strategy in ("best", "random"):
        expect_unchanged(
            student.multitask.relabel_tasks,
            returns=RETURNS, tasks=tasks, strategy=strategy, fraction=0.8, rng=Rng(0),
        )  # fmt: skip


# --- 6h ---

REWARDS = np.array([[0.0, -1.0, -0.5, -0.25], [-1.0, -0.75, 0.0, -0.1], [-0.3, -0.4, -0.6, -2.0]])


@subpart("6h")
def test_the_reward_of_the_label(student: Student) -> None:
    """Row b has the reward of its task tasks[b]; a second batch gets its own."""
    expect_rewards(student, REWARDS, np.array([2, 0, 3]))
    expect_rewards(student, REWARDS[::-1] - 0.05, np.array([1, 1, 0]))


@subpart("6h")
def test_rewards_of_other_sizes(student: Student) -> None:
    """As many rows as tasks, a single row, a single task."""
    expect_rewards(student, REWARDS[:, :3], np.array([2, 0, 1]))
    expect_rewards(student, REWARDS[1:2], np.array([3]), "the reward of a batch of one row is wrong")
    expect_rewards(student, REWARDS[:, :1], np.zeros(3, dtype=np.int64))


@subpart("6h")
def test_rewards_leave_their_arguments(student: Student) -> None:
    """rewards and tasks stay as they are."""
    expect_unchanged(student.multitask.task_rewards, rewards=REWARDS, tasks=np.array([2, 0, 3]))
