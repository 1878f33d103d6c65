"""Files that are whole: whoever reads one finds the old content or the new one, never half of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write(temporary path)`, then move that file to `path`.

    Raises: OSError if it cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, data: dict) -> None:
    """Write `data` as indented JSON. Makes the folder if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(
        path, lambda temporary: temporary.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    )
