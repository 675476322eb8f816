"""Serve the page: `python app.py`. Also the entry point of a Hugging Face Space."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instaflow_demo.errors import InvalidRequest, Sentence
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine.accounts import OPTION, hide_passwords, read_accounts
from instaflow_demo.machine.caches import refusal
from instaflow_demo.machine.paths import parse_path
from instaflow_demo.machine.temporary import end_when_told, temporary_folder
from instaflow_demo.registry import DEFAULT_MODELS, MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import FOLDERS, Weights, parse_folders

if TYPE_CHECKING:
    import gradio as gr

    from instaflow_demo.ui import Settings

Accounts = list[tuple[str, str]]

log = logging.getLogger("instaflow_demo.app")

REMEDY = Sentence("set TMPDIR to a folder that can be written to and has room")

Safety = Annotated[
    bool | None,
    typer.Option(
        "--safety/--no-safety",
        envvar="INSTAFLOW_DEMO_SAFETY",
        help="Check images of published models; if left out, where others can reach the page.",
    ),
]
Mcp = Annotated[
    bool,
    typer.Option("--mcp", envvar="GRADIO_MCP_SERVER", help="Also offer the API to assistants, as tools of MCP."),
]
ModelDirs = Annotated[
    list[str] | None,
    typer.Option(metavar="ID=FOLDER", help=f"A model's own folder; may be repeated. {FOLDERS} holds several."),
]
RunsPerMinute = Annotated[
    int,
    typer.Option(
        envvar="INSTAFLOW_DEMO_RUNS_PER_MINUTE",
        min=0,
        help="How many runs a visitor may ask for each minute, where others can reach the page; 0 is no limit.",
    ),
]

Budget = Annotated[
    int,
    typer.Option(
        envvar="INSTAFLOW_DEMO_BUDGET",
        min=0,
        help="How many image-steps (steps x images x (size / 512)², over all models) a run may take, where others can "
        "reach the page; 0 is no limit.",
    ),
]
Auth = Annotated[
    list[str] | None,
    typer.Option(OPTION, metavar="USER:PASSWORD", help="Let in only those who log in; may be repeated."),
]
AuthFile = Annotated[
    Path | None,
    typer.Option(parser=parse_path, metavar="FILE", help="The same from a file, USER:PASSWORD in each line."),
]

SPACE = "SPACE_ID"  # Hugging Face names a Space to itself
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # where only this machine's user can be a visitor


def main(
    *,
    host: Annotated[
        str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", min=1, max=65535, help="Port to listen on.")] = 7860,
    share: Annotated[
        bool, typer.Option("--share", help="Also open a public link through Gradio's tunnel: anyone with it can enter.")
    ] = False,
    models: Annotated[
        str, typer.Option(help="Models to offer, separated by commas; all of them if left out.")
    ] = ",".join(MODELS),
    out: Annotated[
        Path, typer.Option(parser=parse_path, metavar="FOLDER", help="Folder that saved images go to.")
    ] = Path("outputs"),
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    safety: Safety = None,
    mcp: Mcp = False,
    runs_per_minute: RunsPerMinute = 30,
    budget: Budget = 1000,
    auth: Auth = None,
    auth_file: AuthFile = None,
    model_dir: ModelDirs = None,
) -> None:
    """Serve the page that compares one-step and many-step text-to-image models."""
    if share and offline:
        raise typer.BadParameter("--share needs the network, which --offline rules out: leave one of them out.")
    if mcp and find_spec("mcp") is None:
        raise typer.BadParameter('--mcp needs the package mcp: run pip install "gradio[mcp]".')
    accounts = find_accounts(auth, auth_file)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    prepare_environment(offline)
    with end_when_told(), room_for_images() as shown, ExitStack() as at_last:
        place_gradio_files(shown.parent)
        alone = only_user(host, share=share)
        checked = not alone if safety is None else safety
        most = None if alone else budget or None
        kept = Gallery(shown, remedy=REMEDY)
        service = Service(locate_weights(model_dir), kept, safety=checked, lasting=True, budget=most)
        at_last.callback(service.abandon)
        offered = parse_model_ids(models)
        page, warm = assemble(
            service,
            shown,
            out=out,
            models=offered,
            downloads=alone and not offline,
            alone=alone,
            runs_per_minute=runs_per_minute,
            budget=most,
            tunnelled=share or SPACE in os.environ,
        )
        service.place(offered)
        launch(page, host, port, share=share, mcp=mcp, auth=accounts or None)
        tell_who_sees_what(alone=alone, protected=bool(accounts))
        threading.Thread(target=warm, daemon=True, name="warm-up").start()
        page.block_thread()


@contextmanager
def room_for_images() -> Iterator[Path]:
    """A folder for the images that the page shows, in one for whatever is temporary; both are gone afterwards.

    Raises:
        typer.Exit: after a sentence, where there can be none.
    """
    with ExitStack() as stack:
        try:
            shown = stack.enter_context(temporary_folder("shown")) / "shown"
            shown.mkdir()
        except OSError as error:
            typer.echo(f"There is no folder for temporary files ({error.strerror}): {REMEDY}.", err=True)
            raise typer.Exit(1) from error
        yield shown


def place_gradio_files(folder: Path) -> None:
    """Give gradio, before it is imported, a folder of ours: its own, /tmp/gradio, may be another user's."""
    chosen = os.environ.get("GRADIO_TEMP_DIR")
    if not chosen or refusal(Path(chosen)):
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")


def only_user(host: str, *, share: bool) -> bool:
    """Whether nobody but this machine's user can be a visitor."""
    return host in LOOPBACK and not share and SPACE not in os.environ


def parse_model_ids(names: str) -> tuple[str, ...]:
    """The model ids of a comma-separated list.

    Raises:
        typer.BadParameter: with a sentence, if one is not in the registry.
    """
    listed = [name.strip() for name in names.split(",") if name.strip()]
    try:
        runs = GenerationRequest.parse("a big dog", listed).runs
    except InvalidRequest as error:
        raise typer.BadParameter(str(error)) from error
    return tuple(run.model.id for run in runs)


def locate_weights(model_dirs: list[str] | None) -> Weights:
    """Where models are, with the folders that the user gave for some of them.

    Raises:
        typer.BadParameter: with a sentence, for a folder that does not exist or a model that is not in the registry.
    """
    try:
        return Weights(folders=parse_folders(model_dirs))
    except InvalidRequest as error:
        raise typer.BadParameter(str(error)) from error


def find_accounts(given: list[str] | None, file: Path | None) -> Accounts:
    """Who may log in; empty where everybody may come in.

    Raises:
        typer.BadParameter: with a sentence.
    """
    if given:
        hide_passwords(given)
    try:
        return read_accounts(file, os.environ)
    except InvalidRequest as error:
        raise typer.BadParameter(str(error)) from error


def offers_login() -> bool:
    """Whether visitors can sign in with Hugging Face: on a Space whose front matter has `hf_oauth`."""
    given = all(os.environ.get(name) for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OPENID_PROVIDER_URL"))
    return SPACE in os.environ and given and all(find_spec(name) for name in ("authlib", "itsdangerous"))


def tell_who_sees_what(*, alone: bool, protected: bool) -> None:
    """Say what it means that others can reach the page; the page says it to them."""
    if alone:
        return
    who = "Those who log in" if protected else "All who can reach it"
    typer.echo(
        f"{who} can use this machine to draw. Each sees only their own images and prompts; what they save goes to the "
        "folder visitors in that of --out, where you see it. Votes in the arena count for everyone."
    )


def prepare_environment(offline: bool) -> None:
    """Tell libraries, before they are imported, to send nothing home and to keep their memory bounded."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "200")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # gradio asks its own address whether it is up; a proxy in between would answer that it is not
    local = ["127.0.0.1", "localhost", "0.0.0.0"]  # noqa: S104 - a name to exempt, not an address to bind
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(
        [*filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy")]), *local]
    )
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")  # or the server believes whoever connects from this machine
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"


def assemble(
    service: Service, shown: Path, *, out: Path, alone: bool, **settings: Any
) -> "tuple[gr.Blocks, Callable[[], None]]":
    """The page with these `ui.Settings`, and what warms its models up.

    Images are served from `shown`, which is where the service saves them; those to keep are copied to `out`, or to a
    folder in it where they are others', so that these never push out the owner's.
    """
    from instaflow_demo import ui  # noqa: PLC0415 - gradio must find the environment prepared

    kept = Gallery(out if alone else out / "visitors")
    token = os.environ.pop("INSTAFLOW_METRICS_TOKEN", "")
    found = {"on_space": SPACE in os.environ, "login": offers_login(), "metrics_token": token}
    chosen = ui.Settings(kept=kept, out=out, alone=alone, **found, **settings)
    return ui.build(service, chosen, shown), partial(warm_up, service, chosen)


def launch(page: "gr.Blocks", host: str, port: int, *, share: bool, mcp: bool, auth: Accounts | None = None) -> None:
    """Start the server, and say where it is; without a tunnel the local server stays up.

    Raises:
        typer.Exit: after a sentence, if the port cannot be had.
    """
    try:
        start(page, host, port, share=share, mcp=mcp, auth=auth)
    except OSError as error:
        typer.echo(f"The page cannot be served on {host}:{port} ({error}): choose another --port.", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"The page is at http://{host}:{port}")
    if mcp:
        typer.echo(f"MCP clients find its tools at http://{host}:{port}{offer_tools(page)}")
    if share and page.share_url:
        typer.echo(f"Anyone with this link can use it too: {page.share_url}")
    elif share:
        typer.echo("No public link could be had (the tunnel needs the network); the local page stays up.", err=True)


def offer_tools(page: "gr.Blocks") -> str:
    """Have a page that was started with MCP show images to assistants; returns where its tools are."""
    from instaflow_demo.ui import tools  # noqa: PLC0415 - as above

    tools.show_images(page)
    return tools.ADDRESS


def start(page: "gr.Blocks", host: str, port: int, *, share: bool, mcp: bool, auth: Accounts | None = None) -> None:
    """Start gradio's server in the background, closed to what the page does not need."""
    from instaflow_demo import ui  # noqa: PLC0415 - as above

    page.launch(
        server_name=host,
        server_port=port,
        share=share,
        auth=auth,
        quiet=True,
        show_error=False,
        prevent_thread_lock=True,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        _frontend=False,  # gradio's own look at the page gives up after 3 seconds, and ends an app that is slow
        state_session_capacity=200,
        mcp_server=mcp,
        footer_links=["api", "settings"],
        **ui.launch_options(),
    )


def warm_up(service: Service, settings: "Settings") -> None:
    """Load the default models and run each once, so that a visitor's first images are warm already.

    Each is a run of its own: who comes meanwhile waits for one model, not for all. A GPU that is lent to visitors is
    lent to nobody else.
    """
    if service.shares_gpu:
        settings.warm.set()
        return
    try:
        ready = service.availability()
        for model in DEFAULT_MODELS:
            if model in settings.models and ready[model].available:
                for event in service.run(GenerationRequest.parse("a big dog", model, steps=1, save=False)):
                    log.debug("warming up: %s", event)
    finally:
        settings.warm.set()


if __name__ == "__main__":
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    command()
