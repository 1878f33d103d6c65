"""Seeds that lie far apart, so that no two envs share a random stream. Row i of an env draws from its seed + i."""

SEED_STEP = 10_000  # between the training envs of two seeds
EVAL_OFFSET = SEED_STEP // 2  # from a run's training env to its evaluation env
FRESH_SEED = 1_000_000  # of the episodes that judge trained policies
