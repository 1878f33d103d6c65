"""Between which bounds the dynamics model (Part 1) keeps its log-variances; its inputs and targets are normalised."""

from typing import Annotated

from .settings import Must

MIN_LOG_VAR, MAX_LOG_VAR = -10.0, 0.5

LogVarBound = Annotated[
    float,
    Must(
        f"lie in [-80, {MAX_LOG_VAR}) ({MAX_LOG_VAR} is the upper bound)",
        lambda x: -80 <= x < MAX_LOG_VAR,  # the loss holds exp(-log_var), and float32 ends at exp(88)
    ),
]
