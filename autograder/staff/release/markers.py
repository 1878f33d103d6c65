"""The holes of a file: where `# BEGIN SOLUTION 4a` … `# END SOLUTION` stand, and the file without them.

    solution text --find_blocks--> blocks (every rule checked) --blank--> starter text

Markers are read as comments (by `tokenize`) and judged against the syntax tree (by `ast`), so text in a
string that looks like a marker never opens a hole, and a block can never cut a statement in two.
"""

import ast
import difflib
import io
import json
import re
import tokenize
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from autograder.staff.release.errors import ReleaseError

MAX_CODE_LINES = 15
BEGIN = re.compile(r"# BEGIN SOLUTION (\d+[a-z])")
END = "# END SOLUTION"
HINT = re.compile(r"# hint(?: ([2-9]))?: (\S.*)")  # without a number: the first level
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Block:
    """One hole: `begin` and `end` are the lines (from 1) of its markers, `indent` is their column."""

    id: str
    begin: int
    end: int
    indent: int
    hints: tuple[tuple[str, ...], ...]  # by level, the idea first; the lines of each


@dataclass(frozen=True)
class _Comment:
    line: int
    column: int
    text: str
    alone: bool  # nothing but the comment on its line


def find_blocks(text: str, name: str, ids: Collection[str]) -> list[Block]:
    """The holes in `text`, in order: one for each of `ids`. `name` is the file name that errors start with.

    Raises ReleaseError with every broken rule: a file that does not parse; a misspelt marker or hint;
    markers that are not paired, or nested; an id unknown, missing or used twice; a block that is not a run
    of 1-15 code lines of complete statements inside one function body.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ReleaseError([f"{name}:{error.lineno}: this is not valid Python ({error.msg})."]) from None
    errors: list[str] = []
    comments, code_lines = _read_tokens(text)
    pairs = _pair(comments, io.StringIO(text).readlines(), name, errors)
    blocks = []
    for id_, begin, end in pairs:
        problem = _misplaced(tree, begin, end, code_lines)
        if problem:
            errors.append(f"{name}:{problem[0]}: {problem[1]}")
        hints = _hints(comments, begin.line, end.line, name, errors)
        blocks.append(Block(id_, begin.line, end.line, begin.column, hints))
    errors += _duplicates(blocks, name)
    for block in blocks:
        if block.id not in ids:
            errors.append(f"{name}:{block.begin}: parts.toml gives this file no hole {block.id}.")
    if not errors:  # a hole may seem missing because its marker is broken
        absent = [id_ for id_ in ids if id_ not in {block.id for block in blocks}]
        errors += [
            f"{name}:1: sub-part {id_} is in parts.toml but not marked in this file." for id_ in absent
        ]
    if errors:
        raise ReleaseError(sorted(errors, key=_line_of))
    return blocks


def functions_of(text: str, blocks: Iterable[Block]) -> dict[str, str]:
    """The id of each block -> the function it stands in, "final_goals" or "Actor.forward"."""
    tree = ast.parse(text)
    found = {}
    for block in blocks:
        _, path = _statements_between(tree, block.begin, block.end)
        named = [n for n in path if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        found[block.id] = ".".join(node.name for node in named)
    return found


def blank(text: str, name: str, titles: Mapping[str, str], levels: int | None = None) -> str:
    """The starter's text: each block becomes its hints and `raise NotImplementedError("TODO(4a): title")`.

    `titles` maps the id of every hole of this file to its title; `levels` is how many levels of hints stay (None: all).
    Raises ReleaseError for what `find_blocks` refuses.
    """
    blocks = find_blocks(text, name, titles)
    lines = io.StringIO(text).readlines()
    for block in reversed(blocks):  # from the end, so that earlier line numbers stay true
        message = json.dumps(f"TODO({block.id}): {titles[block.id]}", ensure_ascii=False)
        hole = [f"# TODO({block.id}): {hint}" for hint in chain(*block.hints[:levels])] + [
            f"raise NotImplementedError({message})"
        ]
        lines[block.begin - 1 : block.end] = [f"{' ' * block.indent}{line}\n" for line in hole]
    blanked = "".join(lines)
    try:
        compile(blanked, name, "exec", dont_inherit=True)
    # Rare: say, a `nonlocal` left behind whose variable only the solution assigned.
    except SyntaxError as error:
        raise ReleaseError(
            [f"{name}: without its solutions this is not valid Python ({error.msg})."]
        ) from None
    return blanked


def complete(text: str, name: str, ids: Collection[str]) -> str:
    """The text with its solutions, without the markers and the hints between them. Raises ReleaseError like `blank`."""
    blocks = find_blocks(text, name, ids)
    comments, _ = _read_tokens(text)
    dropped = {line for block in blocks for line in (block.begin, block.end)}
    for comment in comments:
        if HINT.fullmatch(comment.text) and any(block.begin < comment.line < block.end for block in blocks):
            dropped.add(comment.line)
    lines = enumerate(io.StringIO(text).readlines(), start=1)
    return "".join(line for number, line in lines if number not in dropped)


def _read_tokens(text: str) -> tuple[list[_Comment], set[int]]:
    """Every comment, and the numbers of the lines that hold code (all lines of a string; no blank ones)."""
    comments: list[_Comment] = []
    code_lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            comments.append(_Comment(token.start[0], token.start[1], token.string, alone))
        elif token.type not in LAYOUT:
            code_lines.update(range(token.start[0], token.end[0] + 1))
    return comments, code_lines


def _pair(
    comments: list[_Comment], lines: list[str], name: str, errors: list[str]
) -> list[tuple[str, _Comment, _Comment]]:
    """Match each BEGIN with the END that follows it; whatever else looks like a marker becomes an error."""
    pairs = []
    open_: tuple[str, _Comment] | None = None
    for comment in comments:
        begins = BEGIN.fullmatch(comment.text)
        ends = comment.text == END
        where = f"{name}:{comment.line}:"
        if not begins and not ends:
            if _looks_like_a_marker(comment.text):
                errors.append(
                    f"{where} {comment.text!r} is a misspelt marker; "
                    f"write '# BEGIN SOLUTION 4a' or '{END}', exactly."
                )
            continue
        if not comment.alone:
            errors.append(f"{where} a marker must stand on a line of its own.")
        if begins and open_:
            errors.append(f"{where} block {begins[1]} begins inside block {open_[0]} (line {open_[1].line}).")
        if begins:
            open_ = (begins[1], comment)
        elif open_ is None:
            errors.append(f"{where} '{END}' without a '# BEGIN SOLUTION' before it.")
        else:
            pairs.append((*open_, comment))
            open_ = None
    if open_:
        errors.append(f"{name}:{open_[1].line}: block {open_[0]} has no '{END}'.")
    in_comments = {comment.line for comment in comments}
    for number, line in enumerate(lines, start=1):
        if number not in in_comments and (BEGIN.fullmatch(line.strip()) or line.strip() == END):
            errors.append(f"{name}:{number}: this marker stands inside a string, where it marks nothing.")
    return pairs


def _looks_like_a_marker(comment: str) -> bool:
    """Whether a comment that is no marker was meant as one: `#BEGIN SOLUTION 4a`, `# END SOLUTON`."""
    words = re.findall(r"[A-Za-z]+", comment)[:2]
    if any(word.isupper() and (word in ("BEGIN", "END") or _close(word, "SOLUTION")) for word in words):
        return True
    if any(_close(word, both) for word in words[:1] for both in ("BEGINSOLUTION", "ENDSOLUTION")):
        return True
    return (
        len(words) == 2
        and _close(words[1], "SOLUTION")
        and any(_close(words[0], w) for w in ("BEGIN", "END"))
    )


def _close(word: str, to: str) -> bool:
    return difflib.SequenceMatcher(None, word.upper(), to).ratio() > 0.74


def _misplaced(
    tree: ast.Module, begin: _Comment, end: _Comment, code_lines: set[int]
) -> tuple[int, str] | None:
    """(line, sentence) if what two markers enclose is not complete statements of one function body."""
    inside = {line for line in code_lines if begin.line < line < end.line}
    if not inside:
        return (
            begin.line,
            "this block holds no code; put the lines that the students write between the markers.",
        )
    if len(inside) > MAX_CODE_LINES:
        return (
            begin.line,
            f"this block has {len(inside)} lines of code, more than the {MAX_CODE_LINES} a hole may have.",
        )
    if begin.column != end.column:
        return end.line, f"this marker is not indented like its beginning on line {begin.line}."
    run, path = _statements_between(tree, begin.line, end.line)
    whole = {
        line for statement in run for line in range(_first_line(statement), (statement.end_lineno or 0) + 1)
    }
    if not inside <= whole or not whole <= set(range(begin.line, end.line)):
        return min(inside), "this block cuts a statement in two; mark complete statements only."
    scopes = [
        node for node in path if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    if not scopes or isinstance(scopes[-1], ast.ClassDef):
        return begin.line, "this block is not inside a function body."
    if run[0].col_offset != begin.column:
        return begin.line, "this marker is not indented like the statements after it."
    if run[0] is scopes[-1].body[0] and ast.get_docstring(scopes[-1], clean=False) is not None:
        return begin.line, "this block holds the function's docstring; students need it, so begin after it."
    return None


def _statements_between(tree: ast.Module, begin: int, end: int) -> tuple[list[ast.stmt], list[ast.AST]]:
    """The statements of one body that start between two lines, and the path of nodes down to that body.

    Empty if there are none, or if they belong to more than one body (say an `if` and its `else`): no run of
    complete statements covers such a block.
    """
    bodies: list[tuple[list[ast.stmt], list[ast.AST]]] = []

    def visit(node: ast.AST, path: list[ast.AST]) -> None:
        for _, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            starting = [c for c in children if isinstance(c, ast.stmt) and begin < _first_line(c) < end]
            if starting:
                bodies.append((starting, [*path, node]))
            for child in children:
                if isinstance(child, ast.AST) and child not in starting:
                    visit(child, [*path, node])

    visit(tree, [])
    return bodies[0] if len(bodies) == 1 else ([], [])


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(d.lineno for d in decorators)])


def _hints(
    comments: list[_Comment], begin: int, end: int, name: str, errors: list[str]
) -> tuple[tuple[str, ...], ...]:
    """A block's `# hint: …` and `# hint 2: …` by level. Another spelling would be lost without a word: an error."""
    levels: list[list[str]] = []
    for comment in (c for c in comments if begin < c.line < end):
        hint = HINT.fullmatch(comment.text)
        if hint and comment.alone:
            level = int(hint[1] or 1)
            if level not in (len(levels), len(levels) + 1):
                wrong = "hints stand in the order of their levels: '# hint: …' first, then '# hint 2: …', and so on."
                errors.append(f"{name}:{comment.line}: {wrong}")
                continue
            if level > len(levels):
                levels.append([])
            levels[-1].append(hint[2])
        elif re.match(r"#[\s:]*hint\b", comment.text, re.IGNORECASE):
            errors.append(f"{name}:{comment.line}: write a hint as '# hint: …' on a line of its own.")
    return tuple(tuple(lines) for lines in levels)


def _duplicates(blocks: list[Block], name: str) -> list[str]:
    first: dict[str, int] = {}
    return [
        f"{name}:{block.begin}: sub-part {block.id} is already marked on line {first[block.id]}."
        for block in blocks
        if first.setdefault(block.id, block.begin) != block.begin
    ]


def _line_of(error: str) -> int:
    found = re.search(r":(\d+): ", error)
    return int(found[1]) if found else 0
