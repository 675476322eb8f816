"""What sentences advise in a notebook, where there is a form instead of flags, and cells instead of commands."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from ..errors import DownloadFailed, ModelUnavailable, Sentence
from ..events import Event

SENTENCES = {
    "{title} is not on this machine ({part} is missing from {folder}). It is a download of about {size:.1f} GB under "
    "the licence {licence}: add --download to the command “python -m instaflow_demo generate”.": "{title} is not on "
    "this machine. It is a download of about {size:.1f} GB under the licence {licence}: tick “download” in the cell "
    "that loads the model, and run that cell and this one again.",
    "{title} is not on this machine. It is a download of about {size:.1f} GB under the licence {licence}: add "
    "--download to the command, or run “hf download {source}”.": "{title} is not on this machine. It is a download of "
    "about {size:.1f} GB under the licence {licence}: tick “download” in the cell that loads the model, and run that "
    "cell and this one again.",
    "{title} is not at {page}, or not for you: run “hf auth login”, or name a folder with --model-dir {id}=FOLDER.": (
        "{title} is not at {page}, or not for you: run “from huggingface_hub import login; login()” in a cell of its "
        "own, or name a folder with “%env INSTAFLOW_DEMO_MODEL_DIRS={id}=FOLDER”, and load the model again."
    ),
    "{title} is for those who accept its licence: do so at {page}, run “hf auth login”, and try again.": (
        "{title} is for those who accept its licence: do so at {page}, run “from huggingface_hub import login; "
        "login()” in a cell of its own, and load the model again."
    ),
    "{title} cannot be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it.": (
        "{title} cannot be fetched, because HF_HUB_OFFLINE rules the network out: unset it, and restart the kernel."
    ),
    "GLIDE could not be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it.": (
        "GLIDE could not be fetched, because HF_HUB_OFFLINE rules the network out: unset it, and restart the kernel."
    ),
    "PyTorch runs this model. OpenVINO would be faster, once a run with “--backend openvino” has made it ready, which "
    "takes a minute and is kept.": "PyTorch runs this model. OpenVINO would be faster, once a cell with “!python -m "
    "instaflow_demo generate 'a big dog' --model MODEL --backend openvino” has made it ready, which takes a minute and "
    "is kept.",
}
"""By the template that the command line and the page have."""

COMMANDS = {"“hf download": "“!hf download", "run the command again": "run the cell again"}
"""What other sentences advise, and how it is done in a cell."""

SAVED_ELSEWHERE = Sentence("give notebook.load another folder, as “out”")


def reword(sentence: str) -> str:
    """A sentence, with those that it holds, as a notebook says it, where a cell runs a command behind a “!”."""
    if not isinstance(sentence, Sentence):
        return sentence
    values = {name: reword(value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()}
    template = SENTENCES.get(sentence.template, sentence.template)
    for command, cell in COMMANDS.items():
        template = template.replace(command, cell)
    return Sentence(template, **values)


def reword_events(events: Generator[Event, None, None]) -> Iterator[Event]:
    """The events of a run, with notes and failures that a notebook can heed; closing it ends the run."""
    with closing(events):
        for event in events:
            said = {name: getattr(event, name) for name in ("notes", "message") if hasattr(event, name)}
            yield replace(event, **{name: _reword_all(value) for name, value in said.items()}) if said else event


@contextmanager
def rewording() -> Iterator[None]:
    """What is refused inside is refused with advice for a notebook.

    Raises:
        ModelUnavailable: as what is inside.
        DownloadFailed: as what is inside.
    """
    try:
        yield
    except (ModelUnavailable, DownloadFailed) as error:
        raise type(error)(reword(error.sentence)) from None  # the other advice would be shown as well


def _reword_all(said: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return tuple(map(reword, said)) if isinstance(said, tuple) else reword(said)
