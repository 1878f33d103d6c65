"""Shared by the checks of Part 6: codes of instructions and masks of prompts, with the sentences (6d, 6f)."""

import numpy as np
from numpy.typing import ArrayLike

from autograder.checks.checking import Student, Tensor, expect, expect_array, expect_close
from autograder.checks.mistakes import on_wrong_shape, recognise_one

# --- 6d ---

ONE_CODE_A_ROW = "there is one code for each sentence: shape (B, D)"
NOT_THE_CODE = "a code is not the mean of the vectors of the sentence's words"


def expect_codes(
    student: Student,
    tokens: np.ndarray,
    vectors: np.ndarray,
    wanted: np.ndarray,
    otherwise: str = NOT_THE_CODE,
) -> None:
    """The mean of the words' vectors, and its gradient by the vectors."""
    with on_wrong_shape(ONE_CODE_A_ROW):
        codes, (gradient,) = student.value_and_grad(
            "multitask", "encode_words", [Tensor(tokens), Tensor(vectors)], wrt=(1,)
        )
    words = tokens != 0
    number = words.sum(axis=1, keepdims=True)
    total, everything = wanted * number, vectors[tokens]
    if (number == 0).any() and isinstance(codes, np.ndarray) and np.isnan(codes[number[:, 0] == 0]).any():
        expect(False, "the code of a sentence without words is NaN: 0 / 0; it must be 0")
    without = np.where(words[..., None], everything, -np.inf)
    mistakes: dict[str, ArrayLike] = {
        "the sum over the words is divided by L: padding is no word": total / tokens.shape[1],
        "the vector of the padding counts too: it is no word": everything.mean(axis=1),
        "the vector of the padding is added to the words'": everything.sum(axis=1) / np.maximum(number, 1),
        "this is the sum over the words, not their mean": total,
        "this is the vector of the first token alone": everything[:, 0],
        "this is the vector of the last token alone": everything[:, -1],
        "the sum is divided by one more than the number of words": total / (number + 1),
        "the sum is divided by the square root of the number of words": total / np.sqrt(np.maximum(number, 1)),
        "the sum is divided by the largest number of words of the batch": total / max(int(number.max()), 1),
        "this is the largest value over the words, not their mean": np.where(number > 0, without.max(axis=1), 0.0),
        "each code has length 1: it is the mean as it is": _normed(wanted),
        "each word got the vector of the next one": _mean(np.roll(vectors, -1, axis=0)[tokens], words),
        "each word got the vector of the one before": _mean(np.roll(vectors, 1, axis=0)[tokens], words),
        "a word that comes twice counts once": _each_once(tokens, vectors),
        "each sentence got the mean code of the batch": np.tile(wanted.mean(axis=0), (len(tokens), 1)),
    }  # fmt: skip
    expect_close(codes, wanted, recognise_one(codes, otherwise, mistakes), name="encode_words", atol=1e-5)
    expect(gradient is not None, "no gradient reaches the vectors: nothing may detach the codes from them")
    slope = np.zeros(len(vectors))
    np.add.at(slope, tokens[words], (1 / np.maximum(number, 1) * words)[words])
    sentence = (
        "the gradient by a word's vector must be, over all sentences, its share of the sentence's words"
    )
    expect_close(
        gradient, np.tile(slope[:, None], (1, vectors.shape[1])), sentence, name="the gradient", atol=1e-5
    )


def _normed(codes: np.ndarray) -> np.ndarray:
    return codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)


def _mean(of_tokens: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Of (B, L, D), over the words of each row."""
    return np.stack(
        [
            row[own].mean(axis=0) if own.any() else 0 * row[0]
            for row, own in zip(of_tokens, words, strict=True)
        ]
    )


def _each_once(tokens: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    chosen = (np.unique(row[row != 0]) for row in tokens)
    return np.stack([vectors[c].mean(axis=0) if len(c) else np.zeros(vectors.shape[1]) for c in chosen])


# --- 6f ---

ONE_MATRIX_A_ROW = "there is one matrix for each row, over the prompt and 2 · steps tokens: shape (B, L, L)"
NOT_THE_MASK = "the mask does not say which tokens may look at which as the docstring does"


def expect_mask(
    student: Student, is_word: np.ndarray, steps: int, wanted: np.ndarray, otherwise: str = NOT_THE_MASK
) -> None:
    """The words of the prompt for everyone, and behind it a lower triangle."""
    with on_wrong_shape(ONE_MATRIX_A_ROW):
        mask = student.multitask.prompt_mask(Tensor(is_word), steps)
    batch, prompt = is_word.shape
    length = prompt + 2 * steps
    mask = expect_array(mask, (batch, length, length), name="prompt_mask", kind="bool")
    i, j = np.arange(length)[:, None], np.arange(length)
    behind_i, behind_j = i >= prompt, j >= prompt
    step_i, step_j = (i - prompt) // 2, (j - prompt) // 2
    real = np.concatenate([is_word, np.ones((batch, 2 * steps), dtype=bool)], axis=1)
    words_first = j < is_word.sum(axis=1, keepdims=True)
    mistakes: dict[str, ArrayLike] = {
        "the mask is the other way round: True is for tokens that may be looked at": ~wanted,
        "rows and columns are mixed up: [b, i, j] says whether token i may look at token j": wanted.swapaxes(1, 2),
        "s_t sees a_t, which the policy predicts there": np.where(
            behind_i & behind_j, step_j <= step_i, wanted
        ),
        "every token behind the prompt sees all the others, later ones too": np.where(
            behind_i & behind_j, True, wanted
        ),
        "every token sees every word and every token behind the prompt": np.tile(real[:, None, :], (1, length, 1)),
        "a token behind the prompt does not see itself": np.where(behind_i & behind_j, j < i, wanted),
        "a word of the prompt sees only the words before it, and not all of them": wanted & (behind_i | (j <= i)),
        "the padding of the prompt is seen": np.where(behind_j, wanted, True),
        "words and padding are mixed up: is_word is True at words": np.where(behind_j, wanted, ~real[:, None]),
        "tokens of the prompt see what comes after it": np.where(behind_j & ~behind_i, True, wanted),
        "padding sees nothing: it may look at the words, like every token": wanted & real[:, :, None],
        "tokens behind the prompt do not see it": wanted & ~(behind_i & ~behind_j),
        "words need not come first: is_word says where they stand": np.where(behind_j, wanted, words_first[:, None]),
        "each row got the mask of the first row": np.repeat(wanted[:1], batch, axis=0),
        "states do not see the actions before them": wanted
        & ~(behind_i & behind_j & ((i - prompt) % 2 == 0) & ((j - prompt) % 2 == 1)),
        "tokens see nothing behind the prompt but themselves": np.where(behind_j, i == j, wanted),
        "tokens see one step back and no farther": wanted & ~(behind_i & behind_j & (step_i - step_j > 1)),
    }  # fmt: skip
    if not np.array_equal(mask, wanted):
        expect(False, recognise_one(mask, otherwise, mistakes))
