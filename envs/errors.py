"""How a mistake is told: one exception, and its sentence on one line."""


class UserMistake(ValueError):
    """The command line prints its sentence and nothing else, and exits with code 2."""


def one_line(text: str, limit: int = 300) -> str:
    """`text` as one printable line of at most `limit` characters: nothing from a submission is printed raw."""
    if len(text) > 4 * limit:  # a message can be gigabytes long: do not walk all of it
        text = text[: 4 * limit]
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
