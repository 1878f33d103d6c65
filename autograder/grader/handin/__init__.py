"""A student's folder: what is handed in (`make submission`), and a mended handout taken in (`make update`)."""
