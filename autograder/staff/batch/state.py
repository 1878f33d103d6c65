"""What a batch knows, in one SQLite file: killed at any moment, it has lost at most the check file it was in.

    uploads   key -> what was taken of the upload, while its fingerprint is this
    outcomes  content, check file -> the results, while the check file's version is this
    pages     key -> what the student's page was made from
    replaced  key -> the contents of former uploads
    codes     a name -> what similar submissions are looked for in, as it takes long to make

One process at a time holds the file; what it wrote survives `kill -9` (and a loss of power costs the last seconds).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.staff.batch.uploads.take import Taken
from autograder.staff.batch.uploads.uploads import Upload
from envs.errors import UserMistake

FORMAT = "3"
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS uploads (
    key TEXT PRIMARY KEY, fingerprint TEXT, content TEXT, notes TEXT, problem TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outcomes (
    content TEXT, file TEXT, version TEXT, results BLOB, seconds REAL, isolation TEXT, again INTEGER, hash TEXT,
    PRIMARY KEY (content, file));
CREATE TABLE IF NOT EXISTS pages (key TEXT PRIMARY KEY, made_from TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replaced (key TEXT, content TEXT, PRIMARY KEY (key, content)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS codes (content TEXT PRIMARY KEY, code BLOB);
"""


@dataclass(frozen=True)
class FileOutcome:
    """What one check file gave on one content."""

    file: str
    version: str
    results: tuple[CheckResult, ...]
    seconds: float  # on the clock
    isolation: str

    @property
    def again(self) -> bool:
        """Some check could not run: it is run again the next time."""
        return any(result.outcome == Outcome.COULD_NOT_RUN for result in self.results)


class State:
    """The state in the folder `out`; use it in a `with` statement. Raises `UserMistake` if it cannot be used."""

    def __init__(self, out: Path, seed: int | None = None) -> None:
        path = out / "state.sqlite"
        try:
            self._db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
        except sqlite3.Error as error:
            raise UserMistake(f"{path} cannot be used: {error}") from error
        try:
            self._open(path)
            self.seed = self._settle_seed(out, seed)
        except BaseException:
            self._db.close()  # or it would stay locked
            raise

    def __enter__(self) -> State:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    # --- uploads ---

    def fingerprints(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT key, fingerprint FROM uploads"))

    def taken(self) -> dict[str, Taken]:
        rows = self._db.execute("SELECT key, content, notes, problem FROM uploads")
        return {
            key: Taken(content, tuple(json.loads(notes)), problem) for key, content, notes, problem in rows
        }

    def put_taken(self, upload: Upload, taken: Taken) -> None:
        row = (upload.key, upload.fingerprint, taken.content, json.dumps(taken.notes), taken.problem)
        with self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO replaced SELECT key, content FROM uploads WHERE key = ? AND content != ''",
                (upload.key,),
            )
            self._db.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)", row)

    def replaced(self) -> list[tuple[str, str]]:
        """(key, content) of each upload that another one took the place of."""
        rows = self._db.execute(
            "SELECT r.key, r.content FROM replaced r JOIN uploads u ON u.key = r.key AND u.content != r.content"
        )
        return list(rows)

    # --- outcomes ---

    def done(
        self, versions: dict[str, str], content: str | None = None, with_again: bool = True
    ) -> dict[str, dict[str, str]]:
        """Content -> {check file: a hash of its results} of the outcomes of these versions."""
        found: dict[str, dict[str, str]] = {}
        where, values = ("", ()) if content is None else (" WHERE content = ?", (content,))
        rows = self._db.execute(f"SELECT content, file, version, again, hash FROM outcomes{where}", values)
        for content, file, version, again, hash_ in rows:
            if versions.get(file) == version and (with_again or not again):
                found.setdefault(content, {})[file] = hash_
        return found

    def put_outcome(self, content: str, outcome: FileOutcome) -> None:
        packed = zlib.compress(json.dumps([vars(result) for result in outcome.results]).encode())
        facts = (outcome.seconds, outcome.isolation, outcome.again, hashlib.sha256(packed).hexdigest()[:16])
        row = (content, outcome.file, outcome.version, packed, *facts)
        self._db.execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def outcomes(self, content: str, versions: dict[str, str]) -> list[FileOutcome]:
        """In the order of `versions`; only those of these versions."""
        rows = self._db.execute(
            "SELECT file, version, results, seconds, isolation FROM outcomes WHERE content = ?", (content,)
        )
        found = {file: (version, *rest) for file, version, *rest in rows}
        outcomes = []
        for file, version in versions.items():
            if file in found and found[file][0] == version:
                _, packed, seconds, isolation = found[file]
                results = tuple(result_from(entry) for entry in json.loads(zlib.decompress(packed)))
                outcomes.append(FileOutcome(file, version, results, seconds, isolation))
        return outcomes

    def forget(self, contents: Iterable[str], files: Iterable[str]) -> None:
        """Drop these outcomes, so that they are graded again."""
        files = list(files)
        pairs = [(content, file) for content in contents for file in files]
        with self._transaction():
            self._db.executemany("DELETE FROM outcomes WHERE content = ? AND file = ?", pairs)

    # --- pages ---

    def pages(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT key, made_from FROM pages"))

    def put_page(self, key: str, made_from: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (key, made_from))

    # --- codes ---

    def remembered(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, as JSON knows it: made once."""
        row = self._db.execute("SELECT code FROM codes WHERE content = ?", (name,)).fetchone()
        if row:
            return json.loads(zlib.decompress(row[0]))
        made = make()
        packed = zlib.compress(json.dumps(made).encode())
        self._db.execute("INSERT OR REPLACE INTO codes VALUES (?, ?)", (name, packed))
        return made

    # --- inside ---

    def _open(self, path: Path) -> None:
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)
            self._db.execute("INSERT OR IGNORE INTO facts VALUES ('format', ?)", (FORMAT,))
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            reason = "another run is using it" if busy else str(error)
            raise UserMistake(f"{path} cannot be used: {reason}") from error
        except sqlite3.DatabaseError as error:
            raise UserMistake(f"{path} is damaged ({error}): move it away to grade from the start") from error
        if self._fact("format") != FORMAT:
            raise UserMistake(f"{path} was written by another version of the kit: choose another OUT")

    def _settle_seed(self, out: Path, seed: int | None) -> int:
        known = self._fact("seed")
        if known is None:
            seed = secrets.randbits(32) if seed is None else seed
            self._db.execute("INSERT INTO facts VALUES ('seed', ?)", (str(seed),))
            return seed
        if seed is not None and seed != int(known):
            raise UserMistake(f"{out} was graded with seed {known}: choose another OUT for seed {seed}")
        return int(known)

    def _fact(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN")
        return self._db  # as a context manager it commits, or rolls back


def result_from(entry: dict[str, Any]) -> CheckResult:
    """A result that was made JSON from its `vars`."""
    tuples = {"subparts": tuple(entry["subparts"])}
    return CheckResult(**entry | tuples | {"outcome": Outcome(entry["outcome"])})
