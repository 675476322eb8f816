"""Events, views and hostile text to try the page's pure functions with, and what reads their HTML."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from instaflow_demo.events import Done, Event, ImageReady
from instaflow_demo.machine.environment import Environment
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.request import GenerationRequest
from instaflow_demo.ui.html.view import Picture, RunView

HOSTILE = '"><img src=x onerror="window.__x=1"><script>window.__x=2</script>${window.__x=3}{{value}}\''
FAST, SLOW = "instaflow-mini", "sd-mini"


def request(**options: Any) -> GenerationRequest:
    return GenerationRequest.parse(options.pop("prompt", "a big dog"), [FAST, SLOW], images=2, seed=7, **options)


def timing(seconds_: float, steps: int = 25, warm: bool = True) -> Timing:
    return Timing(1, steps, seconds_ / 4, seconds_ / 2, seconds_ / 4, warm)


def picture(index: int, seconds_: float = 2.0, notes: tuple[str, ...] = ()) -> Picture:
    return Picture(index, 7 + index, timing(seconds_), Path(f"/shown/{index}.png"), notes)


def ready(model: str, index: int, seconds_: float) -> ImageReady:
    return ImageReady(model, index, 7 + index, Image.new("RGB", (8, 8)), timing(seconds_), "00")


def measurement(model: str, seconds_: float, load_s: float = 0.5) -> Measurement:
    passes = (timing(seconds_), timing(seconds_))
    return Measurement(model, "cpu", "float32", 25, 3.0, 50, load_s, passes, 512_000_000)


def viewed(*events: Event, display: bool = True, **options: Any) -> RunView:
    view = RunView.of(request(**options), display)
    for event in events:
        made = picture(event.index, event.timing.total_s) if isinstance(event, ImageReady) else None
        view = view.after(event, made)
    return view


FINISHED = (
    ready(FAST, 0, 0.1),
    ready(FAST, 1, 0.1),
    Done(FAST, measurement(FAST, 0.1)),
    ready(SLOW, 0, 2.0),
    ready(SLOW, 1, 2.0),
    Done(SLOW, measurement(SLOW, 2.0)),
)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text in between."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attribute(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


def is_harmless(html: str) -> bool:
    tags = Tags(html).tags
    return not any(tag == "script" or any(name.startswith("on") for name in attributes) for tag, attributes in tags)


MACHINE = Environment(
    "Linux", "3.12", "A CPU", 2, 4, 6_100_000_000, 15_600_000_000, None, None, None, 1, 4, {"torch": "2.9"}
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
