"""Votes on pairs of pictures, kept in a SQLite file that several processes may write to at once.

A vote is anonymous: no address, no name, no hour, and of its prompt only which of the page's examples it was.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ...errors import DemoError, Sentence, cause
from ..tables import Column, to_csv

Verdict = Literal["left", "right", "tie", "bad"]
"""Which picture is better; "bad" where neither shows what was asked for."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
FILE = "arena.sqlite3"

_VERSION = 1  # of the table, in the file's user_version
_PATIENCE_S = 10.0  # for another process that writes
_TABLE = """CREATE TABLE IF NOT EXISTS votes (
    number INTEGER PRIMARY KEY,
    ballot TEXT NOT NULL UNIQUE,
    day TEXT NOT NULL,
    language TEXT NOT NULL,
    example TEXT NOT NULL,
    seed INTEGER NOT NULL,
    "left" TEXT NOT NULL,
    "right" TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('left', 'right', 'tie', 'bad')),
    seconds_shown INTEGER NOT NULL,
    left_steps INTEGER NOT NULL,
    right_steps INTEGER NOT NULL,
    left_seconds REAL NOT NULL,
    right_seconds REAL NOT NULL,
    left_warm INTEGER NOT NULL,
    right_warm INTEGER NOT NULL
)"""
# what SQLite's primary codes mean, in the system's words, which are translated
_MEANS = {
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
}
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)  # the last: not our table


@dataclass(frozen=True)
class Vote:
    """What somebody thought of a pair. `left` and `right` are ids of systems, `day` is a UTC date as ISO writes it.

    `ballot` names the pair, which takes one vote. `example` is the key of one of the page's prompts, or empty where
    the prompt was typed. With `seconds_shown`, the voter knew the times; a picture that was not `warm` was the first
    of its system.
    """

    ballot: str
    day: str
    language: str
    example: str
    seed: int
    left: str
    right: str
    verdict: Verdict
    seconds_shown: bool
    left_steps: int
    right_steps: int
    left_seconds: float
    right_seconds: float
    left_warm: bool
    right_warm: bool


_NAMES = tuple(field.name for field in fields(Vote))
_FLAGS = ("seconds_shown", "left_warm", "right_warm")
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)


class Votes:
    """The votes in a file, which is made with the first one. Any thread or process may use it."""

    def __init__(self, file: Path):
        self.file = file

    def add(self, vote: Vote) -> bool:
        """Keep a vote; False if there is one on this pair already.

        Raises:
            DemoError: with a sentence, where the file cannot be written to or is damaged.
        """
        marks = ", ".join("?" * len(_NAMES))
        kept = f"INSERT INTO votes ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (ballot) DO NOTHING"  # noqa: S608 - fixed names
        with self._connection() as connection:
            return connection.execute(kept, astuple(vote)).rowcount == 1

    def read(self, after: int = 0) -> list[tuple[int, Vote]]:
        """The votes with numbers above `after`, each with its number, in the order in which they were given.

        Raises:
            DemoError: with a sentence, where the file cannot be read or is damaged.
        """
        if not self._exists():
            return []
        asked = f"SELECT number, {_COLUMNS} FROM votes WHERE number > ? ORDER BY number"  # noqa: S608 - fixed names
        with self._connection() as connection:
            return [(row[0], _vote(row[1:])) for row in connection.execute(asked, (after,))]

    def newest(self) -> int:
        """The number of the newest vote; 0 where there is none.

        Raises:
            DemoError: as `read`.
        """
        if not self._exists():
            return 0
        with self._connection() as connection:
            return connection.execute("SELECT coalesce(max(number), 0) FROM votes").fetchone()[0]

    def _exists(self) -> bool:
        return os.path.lexists(self.file)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each piece of work, which is one transaction."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE_S)) as connection:
                self._prepare(connection)
                with connection:
                    yield connection
        except FileExistsError as error:  # a file where its folder should be
            why = cause(NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
            raise _not_kept(self.file, why) from error
        except OSError as error:
            raise _not_kept(self.file, cause(error)) from error
        except sqlite3.Error as error:
            raise _refusal(self.file, error) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the table where there is none."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("PRAGMA journal_mode = WAL")  # who reads and who writes do not wait for each other
            with connection:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise DemoError(
                "The votes in {file} are from another version of this demo: move that file away, and new ones begin.",
                file=self.file,
            )


def votes_csv(votes: list[Vote]) -> str:
    """Votes as CSV with a header."""
    return to_csv(votes, [Column(name, name) for name in _NAMES])


def _vote(row: tuple) -> Vote:
    """A vote of a row of the table."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values.update((name, bool(values[name])) for name in _FLAGS)
    return Vote(**values)


def _refusal(file: Path, error: sqlite3.Error) -> DemoError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without what extends it
    if code in _DAMAGED:
        return DemoError(
            "The votes in {file} cannot be read, as the file is damaged: move it away, and new ones begin.", file=file
        )
    if code in _HELD:
        return DemoError("The votes in {file} are held by another program: close it.", file=file)
    return _not_kept(file, cause(OSError(_MEANS[code], os.strerror(_MEANS[code])) if code in _MEANS else error))


def _not_kept(file: Path, why: Sentence) -> DemoError:
    return DemoError(
        "Votes cannot be kept in {file} ({why}): set INSTAFLOW_DEMO_HOME to a folder that can be written to and has "
        "room.",
        file=file,
        why=why,
    )
