"""The homework: the part files to fill in, `kit/` as given code, `train.py` and `play.py` to run them."""
