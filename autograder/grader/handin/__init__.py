"""What a student hands in: `make submission`."""
