"""The process that opens uploads and grades them, one task after the other. Results depend on it (see versions.py)."""
