"""How the program ends: every error is one sentence on stderr and an exit code.

0 is success, 1 a run that failed, 2 bad input, 130 Ctrl-C.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, cast

import typer

from ..errors import DemoError, InvalidRequest
from ..machine.caches import let_torch_be_imported

log = logging.getLogger("instaflow_demo.cli")

FAILED, BAD_INPUT, STOPPED = 1, 2, 130
# typer exports click's BadParameter but not its parent, and which click it is depends on typer's version
UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)


def run(app: typer.Typer) -> NoReturn:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter must not end the program
    let_torch_be_imported()
    try:
        code = app(standalone_mode=False)
    except UsageError as error:
        typer.echo(_usage(error), err=True)
        code = BAD_INPUT
    except typer.Abort:
        code = STOPPED
    sys.exit(code)


@contextmanager
def report_errors(debug: bool) -> Iterator[None]:
    """End the program with a sentence and an exit code for every error; with `debug`, show its traceback first."""
    logging.basicConfig(level=logging.ERROR if debug else logging.CRITICAL)
    try:
        yield
    except InvalidRequest as error:
        raise _exit(str(error), BAD_INPUT) from None
    except DemoError as error:
        raise _exit(str(error), FAILED) from None
    except KeyboardInterrupt:
        raise _exit("Stopped.", STOPPED) from None
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        log.exception("a defect")
        raise _exit(f"Something went wrong ({type(error).__name__}): --debug shows where.", FAILED) from None


def _exit(sentence: str, code: int) -> typer.Exit:
    log.error("exit code %d", code, exc_info=True)
    typer.echo(sentence, err=True)
    return typer.Exit(code)


def _usage(error: typer.BadParameter) -> str:
    """What is wrong with a command, and what to do if a prompt was taken for an option."""
    said, unknown = error.format_message(), getattr(error, "option_name", None)
    command = error.ctx.info_name if error.ctx else ""
    misspelt = getattr(error, "possibilities", None) and " " not in str(unknown)
    if not unknown or misspelt or command not in ("generate", "compare"):
        return said
    return f'{said.rstrip(".")}. A prompt that begins with a dash goes last, after “--”: {command} -- "{unknown} …"'
