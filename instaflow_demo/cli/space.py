"""`space`: the folder of a Space, written and pushed, and what is said about it."""

from contextlib import ExitStack
from pathlib import Path

import typer

from .. import space
from ..errors import InvalidRequest, Sentence
from ..machine.temporary import end_when_told, temporary_folder

_MB = 1_000_000


def publish(to: Path | None, host: str, preload: list[str], name: str, *, private: bool, login: bool) -> None:
    """Write the folder `to`, or a temporary one, and push it to the Space `name`, if there is one.

    Raises:
        InvalidRequest: when neither is given, or what is given cannot be.
        DemoError: when the folder or the Space cannot be had.
    """
    if not to and not name:
        raise InvalidRequest(
            {"to": Sentence("There is nothing to do: name a folder with --to, a Space with --push, or both.")}
        )
    target = space.HOSTS[host]
    preloads = space.list_preloads(preload, target)
    with end_when_told(), ExitStack() as stack:
        folder = to or stack.enter_context(temporary_folder("space")) / "space"
        _tell(folder if to else None, host, space.write(folder, target, preloads, login=login))
        for entry in preloads:
            typer.echo(f"Fetched while it is built: {entry}")
        if name:
            typer.echo(f"The Space is at {space.push(folder, name, target, private=private)}")


def _tell(to: Path | None, host: str, report: space.Report) -> None:
    """What was found, in one line for each thing that was checked."""
    torch = space.HOSTS[host].torch
    offered = f"; PyTorch {', '.join(torch)}" if torch else ""
    typer.echo(f"{to or 'The folder'}: {report.files} files, {report.size / _MB:.0f} MB, for {host}.")
    typer.echo(f"Largest file: {report.largest / _MB:.1f} MB. Shipped models, whole and with cards: {report.models}.")
    typer.echo(f"Python {space.PYTHON}{offered}; {report.libraries} libraries, which bring all that is imported.")
    if report.note:
        typer.echo(f"Note: {report.note}", err=True)
