"""How the page's events are answered: what `gr.on` and its kin take beyond what to run."""

from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, **PRIVATE}
"""At once, for as many visitors as there are."""

ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": 1}
"""One visitor after another, whatever each does with the device."""
