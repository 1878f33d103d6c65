"""Between which bounds the dynamics model (Part 1) keeps its log-variances; its inputs and targets are normalised."""

MIN_LOG_VAR, MAX_LOG_VAR = -10.0, 0.5
