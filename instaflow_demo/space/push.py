"""Bring the folder to the Hub, as one commit; the Space builds itself from there."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from ..errors import SpaceRefused
from .hosts import Host


def push(folder: Path, space: str, host: Host, *, private: bool) -> str:
    """Make the Space if it is not there yet, replace all its files by those of the folder, and return its address.

    Raises:
        SpaceRefused: with a sentence, when the Hub does not take it.
    """
    from huggingface_hub import HfApi, SpaceHardware  # noqa: PLC0415 - slow to import

    hub = HfApi(library_name="instaflow_demo")
    with _sentences(space):
        made = hub.create_repo(
            space,
            repo_type="space",
            space_sdk=host.sdk,
            space_hardware=SpaceHardware(host.hardware) if host.hardware else None,
            private=private or None,
            exist_ok=True,
        )
        hub.upload_folder(
            repo_id=made.repo_id,
            folder_path=folder,
            repo_type="space",
            delete_patterns="*",
            commit_message="What python -m instaflow_demo space writes",
        )
    return str(made)


@contextmanager
def _sentences(space: str) -> Iterator[None]:
    """What the hub's client raises, as sentences."""
    from huggingface_hub import errors  # noqa: PLC0415 - slow to import

    # which HTTP library the client is built on differs between its versions
    transport: type[Exception] = getattr(errors, "HTTPError", OSError)
    try:
        yield
    except errors.HFValidationError as error:
        raise SpaceRefused("“{space}” cannot be a Space's name: write it like NAME/SPACE.", space=space) from error
    except errors.OfflineModeIsEnabled as error:
        raise SpaceRefused(
            "{space} cannot be reached, because HF_HUB_OFFLINE rules the network out: unset it.", space=space
        ) from error
    except errors.HfHubHTTPError as error:
        raise _refusal(space, error.response.status_code, error.server_message or str(error)) from error
    except (transport, OSError, ValueError) as error:  # the last for a front matter that the Hub does not take
        raise SpaceRefused(
            "{space} could not be pushed ({why}): check the network, and push again.", space=space, why=str(error)
        ) from error


def _refusal(space: str, status: int, why: str) -> SpaceRefused:
    """The Hub's own words, with what to do about them."""
    if status == HTTPStatus.UNAUTHORIZED:
        return SpaceRefused(
            "{space} can only be pushed by who may write to it: run “hf auth login” with a token that may write.",
            space=space,
        )
    if status in (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN):
        return SpaceRefused(
            "The Hub does not give you {space} ({why}): choose a name of your own, or a host that your account may use "
            "with --for.",
            space=space,
            why=why,
        )
    return SpaceRefused(
        "The Hub does not take {space} ({why}): try again later, or look at its page.", space=space, why=why
    )
