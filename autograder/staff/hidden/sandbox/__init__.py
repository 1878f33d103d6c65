"""Does the sandbox of this machine hold? The canary finds out before a grading."""
