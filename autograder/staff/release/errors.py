"""All that is wrong with a release in one exception: an instructor wants the whole list."""

from collections.abc import Iterable

from envs.errors import UserMistake


class ReleaseError(UserMistake):
    """A release that cannot be made; each of `errors` is a sentence, after `file:line: ` if it has one."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))
