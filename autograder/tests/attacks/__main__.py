"""`python -m autograder.tests.attacks [best|bare] [NAME...]`."""

import sys

from autograder.tests.attacks.running import main

sys.exit(main(sys.argv[1:]))
