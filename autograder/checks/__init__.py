"""What is asserted about a submission: the public checks, and what all checks import (`checking.py`)."""
