"""The gallery: whose images it has, what it says of them, and what it does with forged calls."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, HOSTILE, JSON, SLOW, Tags, is_harmless, ready

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.gallery import Gallery, encode_png
from instaflow_demo.service import Service
from instaflow_demo.ui.albums import Albums, Drawn
from instaflow_demo.ui.html.album import caption_text, difference_html, mark_words, settings_html
from instaflow_demo.ui.html.view import png_uri
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.compare import ComparePage
from instaflow_demo.ui.tabs.gallery import GalleryTab, read_head
from instaflow_demo.ui.text import LANGUAGES, TEXTS
from instaflow_demo.weights.locate import Weights

METADATA: dict[str, Any] = {"model": FAST, "prompt": "a big dog", "seed": 7, "steps": 1, "guidance": 0.0}


def drawn(folder: Path, **changes: Any) -> Drawn:
    event = ready(FAST, 0, 0.1234)
    return Drawn(Gallery(folder).save(event, METADATA | changes), METADATA | changes, 0.1234)


def draw(albums: Albums, folder: Path, visitor: str | None, count: int = 1) -> list[Path]:
    """So many images of a visitor's, oldest first."""
    gallery, paths = Gallery(folder), []
    for index in range(count):
        event = replace(ready(FAST, index, 0.1), metadata=METADATA)
        paths.append(gallery.save(event, METADATA))
        albums.add(visitor, replace(event, path=paths[-1]))
    return paths


# ---------------------------------------------------------------- whose images


def test_each_visitor_sees_their_own_newest_first(tmp_path: Path) -> None:
    albums = Albums()
    mine, theirs = draw(albums, tmp_path, "me", 2), draw(albums, tmp_path, "you")
    assert [image.path for image in albums.of("me")] == mine[::-1]
    assert [image.path for image in albums.of("you")] == theirs
    assert albums.of("nobody") == albums.of(None) == ()


def test_nobody_deletes_what_is_another_s(tmp_path: Path) -> None:
    albums = Albums()
    (mine,), (theirs,) = draw(albums, tmp_path, "me"), draw(albums, tmp_path, "you")
    albums.delete("me", [theirs.name, str(theirs), f"../{theirs.name}", None, 7, ["x"]])
    assert theirs.is_file() and mine.is_file()
    albums.delete("me", [mine.name])
    assert not mine.exists()
    assert albums.of("me") == ()


def test_a_visitor_s_oldest_images_make_way_and_all_go_in_the_end(tmp_path: Path) -> None:
    albums = Albums(most=3)
    paths, (theirs,) = draw(albums, tmp_path, "me", 5), draw(albums, tmp_path, "you")
    assert [path.exists() for path in paths] == [False, False, True, True, True]
    albums.leave("me")
    albums.leave(None)  # a session that has drawn nothing
    assert [path for path in tmp_path.iterdir() if path.suffix == ".png"] == [theirs]


def test_a_browser_finds_its_images_again_and_nobody_else_does(tmp_path: Path) -> None:
    albums = Albums()
    early = draw(albums, tmp_path, "before")  # before the page has asked for its album
    secret = albums.claim("before", None)
    images = [*early, *draw(albums, tmp_path, "before")]
    assert albums.claim("after", secret) == secret
    assert [image.path for image in albums.of("after")] == images[::-1]
    for guess in (None, "", "before", secret[:-1], 7, ["x"]):
        assert albums.claim("stranger", guess) not in (secret, guess)
    assert albums.of("stranger") == ()
    albums.leave("before")
    assert all(path.is_file() for path in images)
    albums.leave("after")
    assert not any(path.exists() for path in images)
    assert albums.claim("later", secret) != secret


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    albums = Albums(of_all=4)
    for visitor in range(6):
        draw(albums, tmp_path, str(visitor))
    assert sum(len(albums.of(str(visitor))) for visitor in range(6)) == 4


def test_images_without_a_file_or_a_visitor_are_not_listed(tmp_path: Path) -> None:
    albums = Albums()
    albums.add("me", ready(FAST, 0, 1.0))
    (path,) = draw(albums, tmp_path, None)
    (gone,) = draw(albums, tmp_path, "me")
    gone.unlink()  # as the folder does when it is full
    assert albums.of("me") == albums.of(None) == ()
    assert path.is_file()


# ---------------------------------------------------------------- what is shown


def test_an_image_says_what_it_is_and_was_made_with(tmp_path: Path) -> None:
    image = drawn(tmp_path, guidance=2.5)
    assert caption_text(image, "pt-BR") == "InstaFlow mini · 0,123 s · a big dog"
    text = Tags(settings_html(image, "pt-BR")).text
    for said in ("ModeloInstaFlow mini", "Prompta big dog", "Semente7", "Orientação2,5", "Tempo0,123 s"):
        assert said in text


def test_differences_are_a_table_with_the_words_marked(tmp_path: Path) -> None:
    html = difference_html(drawn(tmp_path), drawn(tmp_path, prompt="a small dog", seed=0, model=SLOW), "en")
    text = Tags(html).text
    assert "<mark>big</mark>" in html and "<mark>small</mark>" in html
    assert "Seed70" in text
    assert "Stable Diffusion mini" in text
    assert "Steps" not in text


def test_what_has_no_difference_says_whether_the_pixels_have(tmp_path: Path) -> None:
    one = drawn(tmp_path, sha256="1")
    assert "every pixel" in difference_html(one, drawn(tmp_path, sha256="1"), "en")
    assert "some pixels are not" in difference_html(one, drawn(tmp_path, sha256="2"), "en")


@given(st.text(max_size=30), st.text(max_size=30))
def test_marked_words_are_the_same_words(first: str, second: str) -> None:
    marked = mark_words(first, second)
    assert [Tags(side).text.split() for side in marked] == [first.split(), second.split()]


def test_hostile_settings_are_shown_as_text(tmp_path: Path) -> None:
    image = drawn(tmp_path, prompt=HOSTILE, model=HOSTILE, backend=HOSTILE)
    for html in (settings_html(image, "en"), difference_html(image, drawn(tmp_path), "en")):
        assert is_harmless(html)


# ---------------------------------------------------------------- forged calls


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GalleryTab]:
    folder = tmp_path_factory.mktemp("shown")
    service, text = Service(Weights(), Gallery(folder)), gr.I18n(**{each: dict(TEXTS[each]) for each in LANGUAGES})
    settings, albums = Settings(kept=Gallery(folder), out=folder), Albums()
    draw(albums, folder, "you", 2)
    with gr.Blocks():
        compare = ComparePage(service, settings, text, Runner(), albums)
        tab = GalleryTab(service, settings, text, albums)
        tab.build_album()
        with gr.Tabs() as tabs:
            with gr.Tab(id="compare"):
                compare.build()
            with gr.Tab(id="gallery") as here:
                tab.build()
        with gr.Blocks() as page:
            pass
        compare.connect(page)
        tab.connect(page, here, tabs, compare)
    yield tab
    service.close()


def visitor(session: str) -> gr.Request:
    request = gr.Request(session_hash=session)
    request.kwargs = {"headers": {"accept-language": "en"}}
    return request


def texts_in(update: dict[Any, Any]) -> str:
    return " ".join(str(value) for value in update.values())


def test_an_image_of_somebody_else_s_can_be_neither_seen_nor_restored_nor_deleted(tab: GalleryTab) -> None:
    theirs, request = tab._albums.of("you"), visitor("me")
    names = tuple(image.id for image in theirs)
    event = gr.EventData(None, {"index": 0})
    answers = [
        tab._refresh((), names[0], request),
        tab._choose(names, names[1], event, request),
        tab._compare_with(names[0], names[1], request),
        tab._restore_chosen(names[0], request),
        tab._delete_one(names, names[0], request),
        tab._delete_all(request),
    ]
    for answer in answers:
        assert str(theirs[0].path.parent) not in texts_in(answer)
        assert "a big dog" not in texts_in(answer)
    assert tab._albums.of("you") == theirs


@given(JSON)
def test_any_event_is_answered(tab: GalleryTab, data: Any) -> None:
    for forged in (data, {"index": data, "head": data}):
        event = gr.EventData(None, forged)
        assert "Nothing was restored." in texts_in(tab._restore_file(event, visitor("me")))
        tab._choose(("x",), None, event, visitor("you"))
    tab._compare_with(data, data, visitor("you"))


def test_a_file_is_restored_from_the_address_that_a_browser_makes_of_it(tab: GalleryTab) -> None:
    address = png_uri(encode_png(ready(FAST, 0, 1.0), METADATA | {"device": "cpu", "backend": "eager"}))
    update = tab._restore_file(gr.EventData(None, {"head": address}), visitor("me"))
    form = tab._compare._form
    assert (update[form["prompt"]], update[form["seed"]], update[form["models"]]) == ("a big dog", 7, [FAST])
    assert update[form["randomise"]] is False


@pytest.mark.parametrize("address", ["", None, 7, "data:,x", "data:;base64,???", "data:;base64," + "A" * 400_000])
def test_what_is_no_address_of_a_small_file_is_refused(address: Any) -> None:
    if address == "":
        assert read_head(address) == b""  # which is no PNG file
        return
    with pytest.raises(InvalidRequest, match="at most 20 MB"):
        read_head(address)
