"""How the page answers events: the options that its listeners share."""

from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, **PRIVATE}
"""At once, for as many visitors as there are."""

DEVICE, LIVE, FILE, STOP = "device", "live", "file", "stop"
"""Kinds of events, which gradio counts apart."""
STOPPING: dict[str, Any] = {**QUIET, "concurrency_id": STOP}
READING: dict[str, Any] = {**QUIET, "concurrency_id": FILE}

ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": DEVICE, "concurrency_limit": 1}
"""One visitor after another, whatever they use the device for."""
