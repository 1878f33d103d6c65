"""The HTML templates of all pages: each extends base.html, which lies beside this file. What is put in is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from autograder.grader.report.words import number


@cache
def template(path: Path) -> jinja2.Template:
    """The template in the file `path`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([path.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = number
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    return environment.get_template(path.name)
