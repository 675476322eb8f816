"""The arena's tab: what a visitor is shown before and after a vote, and which votes are refused."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import HOSTILE, JSON, Tags, is_harmless
from PIL import Image
from test_arena import A, B, standings, vote

from instaflow_demo.errors import Sentence
from instaflow_demo.events import Failed, Loading
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import MODELS
from instaflow_demo.results.arena.pairs import Pair, Question, Side
from instaflow_demo.results.arena.ratings import Standings
from instaflow_demo.results.arena.votes import VERDICTS, Verdict, Votes
from instaflow_demo.service import Service
from instaflow_demo.ui.html.arena import answer_html, answer_text, pair_html, question_html, ratings_html
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.arena import ArenaTab, Visit, Wish
from instaflow_demo.ui.tabs.form import EXAMPLES
from instaflow_demo.ui.text import LANGUAGES, TEXTS, Language
from instaflow_demo.weights.locate import Weights

NAMES = re.compile("|".join(re.escape(name) for spec in MODELS.values() for name in (spec.id, spec.title)))


def named(shown: object) -> list[str]:
    """The systems that are named in what is shown, outside of the pixels."""
    return NAMES.findall(re.sub(r"base64,[\w+/=]*", "", str(shown)))


def png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 40, 40)).save(file, "PNG")
    return file.getvalue()


def pair(prompt: str = "a dog", ballot: str = "ballot", example: str = "", language: Language = "en") -> Pair:
    left, right = Side(A, 1, 0.05, True, png(200)), Side("sd-mini", 25, 1.0, True, png(90))
    return Pair(ballot, Question(prompt, language, example), 7, left, right)


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_vote_nothing_names_a_system(language: Language) -> None:
    shown = pair_html(pair(), language) + question_html(pair(), language, seconds_shown=False)
    assert not named(shown)
    assert not re.search(r"\d s\b|step|passo|seed|semente|ballot", Tags(shown).text)
    left, right = Tags(shown).attribute("img", "alt")
    assert left != right
    assert all("a dog" in str(name) for name in (left, right))


def test_seconds_are_shown_to_those_who_want_them() -> None:
    shown = question_html(pair(), "pt-BR", seconds_shown=True)
    assert "0,050 s" in shown
    assert "1,00 s" in shown
    assert not named(shown)


def test_after_the_vote_everything_is_told() -> None:
    text = Tags(answer_html(pair(), "left", "en")).text
    assert all(word in text for word in ("InstaFlow mini", "0.050 s", "1 step", "Stable Diffusion mini", "25 steps"))
    assert "seed 7" in text
    assert "InstaFlow mini was 20.0× faster." in text
    assert answer_text(pair(), "pt-BR") == "Esquerda: InstaFlow mini, 0,050 s. Direita: Stable Diffusion mini, 1,00 s."
    chosen = [str(tag.get("class")) for _, tag in Tags(answer_html(pair(), "right", "en")).tags]
    assert [kind for kind in chosen if kind.startswith("side")] == ["side ", "side chosen"]


def test_a_first_picture_is_cold_and_compared_with_none() -> None:
    cold = replace(pair(), left=replace(pair().left, warm=False))
    text = Tags(answer_html(cold, "tie", "en")).text
    assert "cold" in text
    assert "faster" not in text


def test_hostile_prompts_stay_text() -> None:
    for html in (
        pair_html(pair(HOSTILE), "en"),
        question_html(pair(HOSTILE), "en", seconds_shown=True),
        answer_html(pair(HOSTILE), "bad", "en"),
        ratings_html(standings(vote(left=HOSTILE)), "en", seconds_shown=False, alone=False),
    ):
        assert is_harmless(html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_ratings_have_intervals_a_plot_and_whose_votes_they_are(language: Language) -> None:
    known = standings(vote(1), vote(2), vote(3, verdict="bad"))
    html = ratings_html(known, language, seconds_shown=False, alone=False)
    tags = Tags(html)
    assert TEXTS[language]["arena_whose"] in tags.text
    assert "2 · 0 · 0 · 1" in tags.text
    mean = f"{known.rating(A).mean:.1f}"
    assert (mean if language == "en" else mean.replace(".", ",")) in tags.text
    lines = [tag for name, tag in tags.tags if name == "line" and tag.get("class") == "interval"]
    dots = [float(str(tag["cx"])) for name, tag in tags.tags if name == "circle"]
    assert len(lines) == 2
    for line, dot in zip(lines, dots, strict=True):
        assert 0 <= float(str(line["x1"])) < dot < float(str(line["x2"])) <= 420
    assert dots[0] > dots[1]  # the best one first
    assert all(tag.get("aria-label") for _, tag in tags.tags if tag.get("role") == "img")


def test_ratings_of_many_votes_still_have_round_numbers_below() -> None:
    known = standings(*[vote(n) for n in range(300)])
    ticks = Tags(ratings_html(known, "en", seconds_shown=True, alone=True))
    assert 2 <= sum(tag.get("class") == "tick" for _, tag in ticks.tags) <= 6


def test_without_votes_the_page_says_so() -> None:
    html = ratings_html(Standings(), "en", seconds_shown=False, alone=True)
    assert "Nobody has voted yet" in html
    assert "<svg" not in html


# ---------------------------------------------------------------- the tab


def built(folder: Path) -> ArenaTab:
    shown = folder / "shown"
    shown.mkdir()
    texts = gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES})
    settings = Settings(kept=Gallery(folder), out=folder, models=(A, B, "pd-mini"))
    with gr.Blocks():
        tab = ArenaTab(Service(Weights()), settings, texts, Runner(), shown)
        tab.build()
        return tab


@pytest.fixture
def tab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArenaTab:
    """With a home of its own, in which nobody has voted."""
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "home"))
    return built(tmp_path)


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> ArenaTab:
    """One that draws nothing."""
    return built(tmp_path_factory.mktemp("judging"))


def values_of(tab: ArenaTab, **changes: Any) -> list[Any]:
    return [changes.get(name, tab._inputs[name].value) for name in tab._inputs.names]


def draw(tab: ArenaTab, visit: Visit, **changes: Any) -> list[dict[Any, Any]]:
    return list(tab._draw(Mock(session_hash="visitor"), visit, *values_of(tab, **changes)))


def given_votes(tab: ArenaTab) -> list[Verdict]:
    return [each.verdict for _, each in tab._scores.votes.read()]


def test_a_pair_is_drawn_voted_on_once_and_rated(tab: ArenaTab) -> None:
    visit = Visit()
    first, *_, last = draw(tab, visit)
    assert not named([*first.values(), *last.values()])
    assert str(last[tab._picture]).count("data:image/png;base64,") == 2
    assert visit.pair is not None
    assert visit.pair.question.example in EXAMPLES
    update = tab._vote("left", "en", True, visit)
    assert all(MODELS[model].title in update[tab._said] for model in visit.seen)
    assert "votes: 1" in update[tab._ratings]
    assert given_votes(tab) == ["left"]
    with pytest.raises(gr.Error, match="Each pair takes one vote"):
        tab._vote("left", "en", True, visit)
    assert given_votes(tab) == ["left"]


def test_the_next_pair_is_drawn_ahead_and_is_another_one(tab: ArenaTab) -> None:
    visit, visitor = Visit(), Mock(session_hash="visitor")
    draw(tab, visit)
    seen = visit.seen
    list(tab._draw_ahead(visitor, visit))
    ahead = visit.ahead
    assert ahead is not None
    assert ahead.models != seen
    list(tab._draw_ahead(visitor, visit))
    assert visit.ahead is ahead  # one is enough
    tab._vote("tie", "en", True, visit)
    draw(tab, visit)
    assert (visit.pair, visit.ahead) == (ahead, None)


def test_another_wish_is_not_answered_with_what_was_drawn_ahead(tab: ArenaTab) -> None:
    visit = Visit(ahead=pair("a dog", example="example_1"))
    draw(tab, visit, prompt="three stars")
    assert visit.pair is not None
    assert visit.pair.question == Question("three stars", "en")


def test_whoever_waits_for_the_device_comes_before_a_pair_drawn_ahead(tab: ArenaTab) -> None:
    wish, waiting = Wish("", "en"), Mock(waiting=2)
    visit = Visit(wish=wish, pair=pair())
    tab._service, service = waiting, tab._service
    tab._drawing = lambda *_: iter([Loading(A), pair()])  # type: ignore[method-assign]
    assert list(tab._politely(visit, wish)) == []
    assert list(tab._draw_ahead(Mock(session_hash="visitor"), visit)) == []
    assert visit.ahead is None
    waiting.waiting = 1
    assert len(list(tab._politely(visit, wish))) == 2
    assert visit.ahead == pair()
    tab._service = service


def test_a_system_that_failed_is_left_out_from_then_on(tab: ArenaTab) -> None:
    visit = Visit()
    tab._drawing = lambda *_: iter([Failed(B, Sentence("No memory."))])  # type: ignore[method-assign]
    *_, last = draw(tab, visit)
    assert "No memory." in last[tab._said]
    assert visit.pair is None
    del tab._drawing
    for _ in range(3):
        draw(tab, visit)
        assert visit.seen == {A, "pd-mini"}
    visit.failed.add(A)
    *_, last = draw(tab, visit)
    assert "Fewer than two systems" in last[tab._said]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_vote_without_a_pair_is_refused(tab: ArenaTab, verdict: Verdict) -> None:
    for language in (*LANGUAGES, "xx", None, 7):
        with pytest.raises(gr.Error):
            tab._vote(verdict, language, None, Visit())
    assert given_votes(tab) == []


def test_two_presses_at_once_are_one_vote(tab: ArenaTab) -> None:
    one, same = Visit(pair=pair()), Visit(pair=pair())
    tab._vote("left", "en", True, one)
    with pytest.raises(gr.Error):
        tab._vote("right", "en", True, same)
    assert given_votes(tab) == ["left"]


def test_votes_that_knew_the_seconds_are_rated_apart(tab: ArenaTab) -> None:
    tab._vote("left", "en", False, Visit(pair=pair(ballot="1"), seconds_shown=True))
    assert "votes: 1" in tab._show_ratings("en", False)
    assert "Nobody has voted yet" in tab._show_ratings("en", True)


def test_a_damaged_file_is_a_sentence_and_the_arena_goes_on(tab: ArenaTab) -> None:
    file = tab._scores.votes.file
    file.parent.mkdir()
    file.write_bytes(b"not a database" * 100)
    visit = Visit()
    *_, last = draw(tab, visit)
    assert str(last[tab._picture]).count("<img") == 2
    update = tab._vote("left", "pt-BR", True, visit)
    assert "Seu voto não pôde ser guardado." in update[tab._status]
    assert "tire-o de lá" in update[tab._ratings]
    assert all(MODELS[model].title in update[tab._said] for model in visit.seen)
    with pytest.raises(gr.Error, match="damaged"):
        tab._export_votes("en")
    assert file.read_bytes() == b"not a database" * 100


def test_all_votes_can_be_downloaded_and_leave_one_file(tab: ArenaTab) -> None:
    for ballot in range(3):
        tab._vote("left", "en", True, Visit(pair=pair(ballot=str(ballot))))
        file = Path(tab._export_votes("en"))
        assert len(file.read_text(encoding="utf-8").splitlines()) == ballot + 2
    assert list(tab._shown.iterdir()) == [file]
    file.unlink()
    tab._shown.rmdir()
    with pytest.raises(gr.Error, match=r"cannot be written to .* \(No such file or directory\): set TMPDIR"):
        tab._export_votes("en")


def test_votes_are_those_of_this_machine(tab: ArenaTab) -> None:
    Votes(tab._scores.votes.file).add(vote())  # by another process
    greeted = tab._greet(gr.Request(headers={"accept-language": "pt"}))
    assert greeted[tab._inputs["language"]] == "pt-BR"
    assert "votos: 1" in greeted[tab._ratings]


def test_wishes_are_examples_in_the_visitors_language_or_what_was_typed() -> None:
    question = Wish("", "pt-BR").question()
    assert question.prompt == TEXTS["pt-BR"][question.example]
    assert Wish("", "pt-BR").fits(question)
    assert not Wish("", "en").fits(question)
    assert not Wish("a dog", "pt-BR").fits(question)
    assert Wish("a dog", "en").fits(Wish("a dog", "en").question())
    assert not Wish("", "en").fits(Wish("a dog", "en").question())


# ---------------------------------------------------------------- judging


@pytest.mark.parametrize("value", ["x" * 501, None, 7, ["a dog"]], ids=str)
def test_a_forged_prompt_gets_a_sentence_at_its_field(judging: ArenaTab, value: Any) -> None:
    for language in LANGUAGES:
        _, *answers = judging.validate(None, *values_of(judging, prompt=value, language=language))
        wrong = {
            name: answer["message"]
            for name, answer in zip(judging._inputs.names, answers, strict=True)
            if not answer["is_valid"]
        }
        assert wrong.keys() == {"prompt"}
        assert wrong["prompt"].endswith(".")


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(judging: ArenaTab, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(judging._inputs.names)))
    values = values_of(judging, **{name: data.draw(JSON)})
    if all(answer["is_valid"] for answer in judging.validate(None, *values)):
        wish, _ = judging.parse(*values)
        assert wish.language in LANGUAGES
