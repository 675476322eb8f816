"""Who may log in: users and their passwords, from options, a file or the environment, and kept out of sight."""

import os
import sys
from collections.abc import Iterable, MutableMapping
from pathlib import Path

from ..errors import InvalidRequest, Sentence, cause

VARIABLE, OPTION = "INSTAFLOW_DEMO_AUTH", "--auth"


def read_accounts(file: Path | None, environ: MutableMapping[str, str]) -> list[tuple[str, str]]:
    """Every user with the password, from the lines of a file and of the environment variable, USER:PASSWORD in each.

    Empty lines and those that begin with # are skipped. The variable is removed: what this process starts needs no
    passwords.

    Raises:
        InvalidRequest: with a sentence that names no password.
    """
    lines = environ.pop(VARIABLE, "").splitlines()
    if file is not None:
        try:
            lines += file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = cause(error) if isinstance(error, OSError) else Sentence("it is not text in UTF-8")
            said = Sentence("The accounts in {path} cannot be read ({why}): name another file.", path=file, why=why)
            raise InvalidRequest({"auth": said}) from error
    accounts = _parse_lines(lines)
    if file is not None and not accounts:
        raise InvalidRequest(
            {"auth": Sentence("{path} has no accounts: write USER:PASSWORD, one in each line.", path=file)}
        )
    return accounts


def _parse_lines(lines: Iterable[str]) -> list[tuple[str, str]]:
    accounts: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        user, colon, password = line.partition(":")
        if line.startswith("#"):
            continue
        if not (user.strip() and colon and password):
            raise InvalidRequest(
                {"auth": Sentence("An account is written USER:PASSWORD, with a colon between them: correct it.")}
            )
        accounts[user.strip()] = password
    return list(accounts.items())


def hide_passwords(given: Iterable[str]) -> None:
    """Begin this program again with what `--auth` was given in the environment, which only its user can read.

    Everybody on a machine can see the arguments of its programs. Where a program cannot become another one, they stay.
    """
    os.environ[VARIABLE] = "\n".join([*given, os.environ.get(VARIABLE, "")])
    if os.name == "posix" and sys.orig_argv:
        os.execv(sys.executable, [sys.executable, *without_passwords(sys.orig_argv[1:])])  # noqa: S606 - itself


def without_passwords(arguments: Iterable[str]) -> list[str]:
    """Arguments of a command line without `--auth` and its values."""
    left, skipped = [], False
    for argument in arguments:
        if not (skipped or argument == OPTION or argument.startswith(f"{OPTION}=")):
            left.append(argument)
        skipped = argument == OPTION and not skipped
    return left
