"""The page. Only this package and app.py know gradio."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ..results.stored_samples import FOLDER as SAMPLES
from ..service import Service
from .admission import MOST_OF_A_VISITOR, MOST_WAITING, FairQueue
from .albums import Albums
from .api import Api
from .guard import server_options
from .html.album import drop_html
from .html.grid import dialog_html
from .html.hero import hero_html
from .language import LOCALES
from .listeners import PRIVATE
from .metrics import Metrics
from .rates import Rates
from .runner import Runner
from .settings import Settings
from .sign_in import build_sign_in
from .tabs.arena import ArenaTab
from .tabs.benchmark import BenchmarkTab, import_html
from .tabs.compare import ComparePage
from .tabs.flow import FlowTab
from .tabs.gallery import GalleryTab
from .tabs.grid import GridTab
from .tabs.live import LiveTab
from .tabs.results import ResultsTab
from .text import TEXTS, Language
from .theme import SCRIPT, STYLE, build_theme

__all__ = ["Settings", "build", "launch_options"]

LONGEST_S = 300.0
"""Seconds that one visitor may have the device where others wait for it."""
_DOWNLOADS_S = (600, 7200)
"""How often files that were made to be downloaded are looked through, and how old they become; seconds."""


def build(service: Service, settings: Settings, shown: Path) -> gr.Blocks:
    """The page, ready to `launch(**look())`.

    `shown` is the folder that the service writes images to. gradio serves everything in it, from where it lies (its own
    cache would copy every image and never shrink), so nothing else may be there but the votes of the arena. So does
    it with the stored images of the methods.
    """
    text = _texts()
    gr.set_static_paths([shown, SAMPLES])
    metrics = Metrics(settings.metrics_token, tunnelled=settings.tunnelled)
    runner = Runner(None if settings.alone else LONGEST_S, metrics)
    most = MOST_WAITING if settings.alone else MOST_OF_A_VISITOR
    fairness = runner.end, most, _rates(settings)
    with _Page(settings, metrics, fairness) as page:
        _build_head(page, settings, text)
        albums = Albums()
        compare, results = ComparePage(service, settings, text, runner, albums), ResultsTab()
        gallery = GalleryTab(service, settings, text, albums)
        live = LiveTab(service, settings, text, runner)
        benchmark = BenchmarkTab(service, settings, text, runner)
        flow = FlowTab(service, settings, text, runner)
        arena = ArenaTab(service, settings, text, runner, shown)
        grid = GridTab(service, settings, text, runner, albums)
        gallery.build_album()
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab(text("tab_compare"), id="compare"):
                compare.build()
            with gr.Tab(text("tab_live"), id="live", visible=live.offered) as live_tab:
                live.build()
            with gr.Tab(text("tab_flow"), id="flow") as flow_tab:
                flow.build()
            with gr.Tab(text("tab_grid"), id="grid") as grid_tab:
                grid.build()
            with gr.Tab(text("tab_arena"), id="arena", visible=arena.offered) as arena_tab:
                arena.build()
            with gr.Tab(text("tab_gallery"), id="gallery") as gallery_tab:
                gallery.build()
            with gr.Tab(text("tab_results"), id="results"):
                results.build()
            with gr.Tab(text("tab_benchmark"), id="benchmark") as tab:
                benchmark.build()
        compare.connect(page)
        live.connect(page, live_tab)
        flow.connect(page, flow_tab)
        gallery.connect(page, gallery_tab, tabs, compare)
        arena.connect(page, arena_tab)
        grid.connect(page, grid_tab)
        results.connect(page)
        benchmark.connect(page, tab)
        Api(service, settings, runner).build()
        page.load(None, None, None, js="() => instaflow.title()", **PRIVATE)
        compare.connect_results(results.html, tabs)
        compare.connect_cells(grid.opened, tabs)
    return page.queue(api_open=False)


def _build_head(page: gr.Blocks, settings: Settings, text: gr.I18n) -> None:
    """What stands above the tabs, whose row the title shares."""
    if not settings.alone:
        gr.HTML(text("public_html"), elem_id="public")
    if settings.login:
        build_sign_in(page)
    gr.HTML(text("hero_html"))


def launch_options() -> dict[str, Any]:
    """What `launch` needs for the page to look, speak and defend itself as it should."""
    return {
        "theme": build_theme(),
        "css_paths": STYLE,
        "js": SCRIPT.read_text(encoding="utf-8"),
        "i18n": _texts(),
        "app_kwargs": server_options(),
    }


class _Page(gr.Blocks):
    """gradio's, with a queue that is fair to all visitors, and what is counted."""

    def __init__(self, settings: Settings, metrics: Metrics, fairness: tuple[Callable[[str], None], int, Rates | None]):
        self.metrics, self._fairness, self._login = metrics, fairness, settings.login
        super().__init__(title=TEXTS["en"]["title"], analytics_enabled=False, delete_cache=_DOWNLOADS_S)

    @property
    def expects_oauth(self) -> bool:
        """Whether gradio opens its routes for signing in."""
        return self._login

    def queue(self, *args: Any, **options: Any) -> "_Page":
        super().queue(*args, **options)
        queue = self._queue = FairQueue.in_place_of(self._queue, *self._fairness)
        self.metrics.follow_queue(lambda: queue.waiting)
        return self


def _rates(settings: Settings) -> Rates | None:
    """How often a visitor may ask; this machine's user alone may as often as there is time."""
    return None if settings.alone else Rates(settings.runs_per_minute, forwarded=settings.on_space)


def _texts() -> gr.I18n:
    """gradio's table, which the browser translates labels with."""
    return gr.I18n(**{LOCALES[language]: {**words, **_pieces(language)} for language, words in TEXTS.items()})


def _pieces(language: Language) -> dict[str, str]:
    """The texts that are HTML."""
    words = TEXTS[language]
    return {
        "hero_html": hero_html(language),
        "next_html": f'<p class="status next" role="status" data-text="{words["next"]}"></p>'
        f'<p class="status queued">{words["queued"]}</p>',
        "public_html": f'<p class="note">{words["public"]}</p>',
        "honest_html": f'<p class="honest">{words["honest"]}</p>',
        "live_lead_html": f'<h2>{words["live_title"]}</h2><p class="note">{words["live_lead"]}</p>',
        "flow_lead_html": f'<div class="lesson">{words["flow_lead"]}</div>',
        "gallery_drop_html": drop_html(words),
        "arena_lead_html": f'<div class="lesson">{words["arena_lead"]}</div>',
        "grid_dialog_html": dialog_html(words),
        "bench_lead_html": f'<p class="honest">{words["bench_lead"]}</p>',
        "bench_import_html": import_html(words),
    }
