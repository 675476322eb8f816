"""The arena: two pictures of one prompt, by systems that are named once you have said which is better."""

import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import DemoError, cause
from ...events import Event, Failed
from ...machine.caches import converted_dir
from ...registry import MODELS
from ...request import GenerationRequest
from ...results.arena.pairs import Pair, Question, draw_pair
from ...results.arena.ratings import Scores, Standings, choose_pair
from ...results.arena.votes import FILE, VERDICTS, Verdict, Votes, votes_csv
from ...service import Service
from ..html.arena import NO_PAIR, NOTHING_SAID, answer_html, answer_text, pair_html, question_html, ratings_html
from ..html.columns import problem, status_html
from ..inputs import Inputs, prompt_box, refusal
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, requested_language, say, translate
from .form import EXAMPLES

_TAB, _AHEAD, _LOOK_EVERY_S = "arena", "arena-ahead", 0.25
_EXPORT = "arena-votes.csv"

Update = dict[Any, Any]
Drawing = Generator[Event | Pair | None, None, None]


@dataclass(frozen=True)
class Wish:
    """What a visitor's pairs are to show; without a typed prompt, each has one of the examples."""

    prompt: str
    language: Language

    def question(self) -> Question:
        """What the next pair shows."""
        if self.prompt:
            return Question(self.prompt, self.language)
        example = secrets.choice(EXAMPLES)
        return Question(say(self.language, example), self.language, example)

    def fits(self, question: Question) -> bool:
        """Whether this could be what the next pair shows."""
        right = question.prompt == self.prompt if self.prompt else bool(question.example)
        return right and question.language == self.language


@dataclass
class Visit:
    """What one visitor has before them, on the server alone: the pair they look at, and the one that is drawn ahead.

    With `seconds_shown`, they know the seconds of the pair. The systems in `seen` drew the last one, and those in
    `failed` could not draw for them.
    """

    wish: Wish | None = None
    pair: Pair | None = None
    seconds_shown: bool = False
    seen: frozenset[str] = frozenset()
    ahead: Pair | None = None
    failed: set[str] = field(default_factory=set)


class ArenaTab:
    """Builds the tab in the current gradio context and answers its events.

    The votes go to a file in the folder for what is kept; what a visitor downloads of them goes through `shown`.
    """

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner, shown: Path):
        self._service = service
        self._settings = settings
        self._text = text
        self._runner = runner
        self._shown = shown
        self._scores = Scores(Votes(converted_dir() / FILE))
        self._inputs = Inputs()
        self._buttons: dict[Verdict, gr.Button] = {}

    @property
    def offered(self) -> bool:
        """Whether there are two systems to compare."""
        return len(self._settings.models) > 1

    # ------------------------------------------------------------ building

    def build(self) -> None:
        self._build_inputs()
        with gr.Row(elem_id="arena-state"):
            self._status = gr.HTML(status_html(""), elem_id="arena-status", min_height=28)
            gr.HTML(self._text("next_html"), elem_id="arena-next")
        self._picture = gr.HTML(NO_PAIR, elem_id="arena-pair")
        self._said = gr.HTML(NOTHING_SAID, elem_id="arena-said")
        self._build_votes()
        self._ratings = gr.HTML("", elem_id="arena-ratings")
        with gr.Row(elem_id="arena-files"):
            self._export = gr.Button(self._text("arena_csv"), size="sm", scale=0, min_width=180, elem_id="arena-export")
            self._file = gr.DownloadButton("CSV", visible="hidden", elem_id="arena-file")  # the other presses it
        with gr.Accordion(self._text("arena_lead_title"), open=False, elem_id="arena-lead"):
            gr.HTML(self._text("arena_lead_html"))

    def _build_inputs(self) -> None:
        t = self._text
        with gr.Row(equal_height=True, elem_id="arena-ask"):
            self._inputs["prompt"] = prompt_box(t, "", "arena-prompt", "arena_prompt_hint")
            self._start = gr.Button(t("arena_start"), variant="primary", min_width=150, elem_id="arena-start")
            self._stop = gr.Button(t("stop"), variant="stop", min_width=150, elem_id="arena-stop")
        self._inputs["hide"] = gr.Checkbox(
            True, label=t("arena_hide"), info=t("arena_hide_info"), container=False, elem_id="arena-hide"
        )
        self._visit = gr.State(Visit())

    def _build_votes(self) -> None:
        with gr.Row(elem_id="arena-votes"):
            for verdict in VERDICTS:
                label = self._text(f"arena_vote_{verdict}")
                self._buttons[verdict] = gr.Button(label, min_width=120, elem_id=f"arena-{verdict}")
        with gr.Row(elem_id="arena-onwards"):
            self._onwards = gr.Button(self._text("arena_onwards"), variant="primary", elem_id="arena-another")

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        language, hide = self._inputs["language"], self._inputs["hide"]
        run = self._connect_drawing()
        self._runner.connect_stop(_TAB, self._stop, self._status, language, run)
        for verdict, button in self._buttons.items():
            voted = button.click(
                partial(self._vote, verdict),
                [language, hide, self._visit],
                [self._status, self._said, self._ratings],
                preprocess=False,
                **QUIET,
            )
            voted.then(None, None, None, js="() => instaflow.arena.shown()", **PRIVATE)
        ratings = {"fn": self._show_ratings, "inputs": [language, hide], "outputs": [self._ratings], **QUIET}
        greeted = [language, self._ratings]
        page.load(self._greet, None, greeted, **QUIET)
        gr.on([tab.select, hide.change], preprocess=False, trigger_mode="always_last", **ratings)
        exported = self._export.click(self._export_votes, [language], [self._file], preprocess=False, **QUIET)
        exported.success(None, None, None, js="() => instaflow.arena.save()", **PRIVATE)

    def _connect_drawing(self) -> Any:
        """The event of the button that draws a pair, and what leads to it."""
        press = {"fn": None, "inputs": None, "outputs": None, "js": "() => instaflow.arena.press()", **PRIVATE}
        run = self._start.click(
            self._draw,
            [self._visit, *self._inputs.components],
            [self._status, self._picture, self._said],
            validator=self.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        )
        gr.on([self._inputs["prompt"].submit, self._onwards.click], **press)
        run.then(None, None, None, js="() => { instaflow.arena.over(); instaflow.arena.shown() }", **PRIVATE)
        run.success(self._draw_ahead, [self._visit], None, **QUIET)
        return run

    # ------------------------------------------------------------ a visitor arrives

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, and the ratings so far."""
        language = requested_language(request.headers)
        return {self._inputs["language"]: language, self._ratings: self._show_ratings(language, True)}

    def _show_ratings(self, language: Any, hide: Any) -> str:
        """The ratings by voters who saw as much as this visitor does, or why there are none."""
        timed, language = hide is False, self._inputs.language([language])
        try:
            standings = self._scores.standings(seconds_shown=timed)
        except DemoError as error:
            return problem(say(language, "arena_no_ratings"), translate(language, error.sentence))
        return ratings_html(standings, language, seconds_shown=timed, alone=self._settings.alone)

    # ------------------------------------------------------------ a pair

    def _draw(self, request: gr.Request, visit: Visit, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of the button to two pictures; closing it ends the work within one step."""
        language = self._inputs.language(values)
        try:
            visit.wish, visit.seconds_shown = self.parse(*values)
        except DemoError as error:
            raise refusal(error, language) from error
        visit.pair = None
        yield {self._status: _since(0, language), self._picture: NO_PAIR, self._said: NOTHING_SAID}
        began, shown = time.monotonic(), 0
        last: Update = {self._status: status_html(say(language, "arena_stopped"))}
        try:
            items = self._next_pair(visit, visit.wish, request.session_hash)
            with self._runner.follow(_TAB, request.session_hash, items, _LOOK_EVERY_S) as news:
                for happened in news:
                    last = self._judge(visit, happened[-1], language) or last if happened else last
                    elapsed = int(time.monotonic() - began)
                    yield {self._status: gr.skip() if elapsed == shown else _since(elapsed, language)}
                    shown = elapsed
        except DemoError as error:
            last = self._problem(error.sentence, language)
        yield last

    def _judge(self, visit: Visit, item: Event | Pair | None, language: Language) -> Update:
        """What to show once `item` has happened; nothing while more is to come."""
        if isinstance(item, Failed):
            visit.failed.add(item.model)
            return self._problem(item.message, language)
        if not isinstance(item, Pair):
            return {}
        visit.pair, visit.seen = item, item.models
        return {
            self._status: status_html(say(language, "arena_vote_now")),
            self._picture: pair_html(item, language),
            self._said: question_html(item, language, seconds_shown=visit.seconds_shown),
        }

    def _problem(self, sentence: str, language: Language) -> Update:
        said = problem(say(language, "phase_failed"), translate(language, sentence))
        return {self._status: status_html(""), self._said: said}

    def _next_pair(self, visit: Visit, wish: Wish, visitor: str | None) -> Drawing:
        """The pair that is drawn ahead, or about to be, if it shows what is wished for; or else another."""
        while self._runner.busy(_AHEAD, visitor):
            yield None
            time.sleep(_LOOK_EVERY_S / 5)
        ahead, visit.ahead = visit.ahead, None
        if ahead and wish.fits(ahead.question):
            yield ahead
        else:
            yield from self._drawing(visit, wish)

    def _drawing(self, visit: Visit, wish: Wish) -> Drawing:
        """Draw a pair of systems that can be used now, other than the one that the visitor looks at."""
        here = self._service.availability()
        models = [model for model in self._settings.models if here[model].available and model not in visit.failed]
        if len(models) < 2:
            raise DemoError("Fewer than two systems can draw here: download another one, or reload the page.")
        try:
            standings = self._scores.standings(seconds_shown=visit.seconds_shown)
        except DemoError:  # it is said where the ratings would be
            standings = Standings()
        yield from draw_pair(self._service, wish.question(), *choose_pair(standings, models, visit.seen))

    def _draw_ahead(self, request: gr.Request, visit: Visit) -> Generator[None, None, None]:
        """Draw the next pair while a visitor looks at this one, unless somebody else wants the device."""
        wish, visitor = visit.wish, request.session_hash
        taken = visit.ahead or self._service.waiting or self._runner.busy(_AHEAD, visitor)
        if visit.pair is None or wish is None or taken:
            return
        try:
            with self._runner.follow(_AHEAD, visitor, self._politely(visit, wish), _LOOK_EVERY_S) as news:
                for _ in news:
                    yield  # even this is an answer, which makes gradio notice who has left
        except DemoError:
            return  # whoever asks for the next pair is told

    def _politely(self, visit: Visit, wish: Wish) -> Drawing:
        """Draw a pair ahead; give way to whoever waits for the device, and to another wish."""
        for item in self._drawing(visit, wish):
            if isinstance(item, Pair):
                visit.ahead = item
            elif self._service.waiting > 1 or visit.wish != wish:
                return
            yield item

    # ------------------------------------------------------------ a vote

    def _vote(self, verdict: Verdict, language: Any, hide: Any, visit: Visit) -> Update:
        """Keep a vote on the pair that the visitor looks at, and say what they looked at."""
        language = self._inputs.language([language])
        pair, visit.pair = visit.pair, None
        if pair is None:
            raise gr.Error(say(language, "arena_no_pair"), print_exception=False)
        said = status_html(answer_text(pair, language))
        try:
            if not self._scores.votes.add(pair.vote(verdict, seconds_shown=visit.seconds_shown)):
                raise gr.Error(say(language, "arena_no_pair"), print_exception=False)
        except DemoError as error:
            said = problem(say(language, "arena_not_kept"), translate(language, error.sentence))
        return {
            self._status: said,
            self._said: answer_html(pair, verdict, language),
            self._ratings: self._show_ratings(language, hide),
        }

    def _export_votes(self, language: Any) -> str:
        """The file of all votes. There is one, written anew for whoever asks, so that they do not pile up."""
        try:
            return str(self._write_votes())
        except DemoError as error:
            raise refusal(error, self._inputs.language([language])) from error

    def _write_votes(self) -> Path:
        votes = [vote for _, vote in self._scores.votes.read()]
        unfinished, file = self._shown / f"{secrets.token_hex(8)}.csv", self._shown / _EXPORT
        try:
            unfinished.write_text(votes_csv(votes), encoding="utf-8")
            return unfinished.replace(file)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise DemoError(
                "The votes cannot be written to {folder} ({why}): set TMPDIR to a folder that can be written to and "
                "has room.",
                folder=self._shown,
                why=cause(error),
            ) from error

    # ------------------------------------------------------------ judging

    def validate(self, _visit: Any, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return [gr.validate(True, ""), *self._inputs.judge(self.parse, values, self._inputs.names, "prompt")]

    def parse(self, *values: Any) -> tuple[Wish, bool]:
        """Judge raw values in the order of the inputs: what pairs are to show, and whether the seconds with them.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw, language = self._inputs.by_name(values), self._inputs.language(values)
        wanted, timed = raw["prompt"], raw["hide"] is False
        if isinstance(wanted, str) and not wanted.strip():
            return Wish("", language), timed
        request = GenerationRequest.parse(wanted, list(MODELS)[:1], save=False)
        return Wish(request.prompt, language), timed


def _since(seconds: int, language: Language) -> str:
    """What is said while a pair is drawn. Which system is at work, and in which step, would tell."""
    return status_html(say(language, "arena_drawing", seconds=seconds), "busy")
