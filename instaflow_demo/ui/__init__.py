"""The page. Only this package and app.py know gradio."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from ..errors import InvalidRequest, Sentence
from ..service import Service
from .api import Api
from .guard import server_options
from .html.hero import hero_html
from .language import LOCALES
from .listeners import PRIVATE
from .runner import Runner
from .settings import Settings
from .tabs.benchmark import BenchmarkTab, import_html
from .tabs.compare import ComparePage
from .tabs.flow import FlowTab
from .tabs.live import LiveTab
from .tabs.results import ResultsTab
from .text import TEXTS, Language
from .theme import SCRIPT, STYLE, build_theme

__all__ = ["Settings", "build", "launch_options"]


def build(service: Service, settings: Settings, shown: Path) -> gr.Blocks:
    """The page, ready to `launch(**look())`.

    `shown` is the folder that the service writes images to. gradio serves everything in it, from where it lies (its own
    cache would copy every image and never shrink), so nothing else may be there.
    """
    text = _texts()
    gr.set_static_paths(shown)
    with _Page(title=TEXTS["en"]["title"], analytics_enabled=False) as page:
        gr.HTML(text("hero_html"))
        runner = Runner()
        compare, results = ComparePage(service, settings, text, runner), ResultsTab()
        live = LiveTab(service, settings, text, runner)
        benchmark = BenchmarkTab(service, settings, text, runner)
        flow = FlowTab(service, settings, text, runner)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab(text("tab_compare"), id="compare"):
                compare.build()
            with gr.Tab(text("tab_live"), id="live", visible=live.offered) as live_tab:
                live.build()
            with gr.Tab(text("tab_flow"), id="flow") as flow_tab:
                flow.build()
            with gr.Tab(text("tab_results"), id="results"):
                results.build()
            with gr.Tab(text("tab_benchmark"), id="benchmark") as tab:
                benchmark.build()
        compare.connect(page)
        live.connect(page, live_tab)
        flow.connect(page, flow_tab)
        results.connect(page)
        benchmark.connect(page, tab)
        Api(service, settings, runner).build()
        page.load(None, None, None, js="() => instaflow.title()", **PRIVATE)
        compare.connect_results(results.html, tabs)
    return page.queue(api_open=False, max_size=16)


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
    """gradio's, except that a forged call is refused without printing what was sent, which does not belong in a log."""

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuse a call with too few values, without quoting them.

        Raises:
            InvalidRequest: with a sentence.
        """
        needed = len(block_fn.inputs)
        if len(inputs) < needed:
            said = Sentence(
                "This call has {n} of the {all} values that it needs: reload the page.", n=len(inputs), all=needed
            )
            raise InvalidRequest({"call": said})


def _texts() -> gr.I18n:
    """gradio's table, which the browser translates labels with."""
    return gr.I18n(**{LOCALES[language]: {**words, **_pieces(language)} for language, words in TEXTS.items()})


def _pieces(language: Language) -> dict[str, str]:
    """The texts that are HTML."""
    words = TEXTS[language]
    return {
        "hero_html": hero_html(language),
        "next_html": f'<p class="status next" role="status" data-text="{words["next"]}"></p>',
        "honest_html": f'<p class="honest">{words["honest"]}</p>',
        "live_lead_html": f'<h2>{words["live_title"]}</h2><p class="note">{words["live_lead"]}</p>',
        "flow_lead_html": f'<div class="lesson">{words["flow_lead"]}</div>',
        "bench_lead_html": f'<p class="honest">{words["bench_lead"]}</p>',
        "bench_import_html": import_html(words),
    }
