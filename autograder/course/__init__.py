"""What a course settles, read from its files: what it grades, when that is due, what handing in late costs."""
