"""How a submission is graded: open it, run checks on it, score, report.

`inside/` runs beside the submission, `outside/` talks to it.
"""
