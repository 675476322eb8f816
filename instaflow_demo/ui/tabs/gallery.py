"""The gallery: the images that a visitor has drawn, what two of them do not share, and settings from a file."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, cast

import gradio as gr

from ...errors import DemoError, InvalidRequest, Sentence
from ...gallery import KEY, PARAMETERS, read_texts
from ...machine import device
from ...registry import REFINER
from ...request.restore import Restored, restore, restore_metadata
from ...service import Service
from ..albums import Albums, Drawn
from ..html.album import caption_text, difference_html, settings_html
from ..html.columns import problem, status_html
from ..listeners import PRIVATE, QUIET, READING
from ..settings import Settings
from ..text import Language, requested_language, say, translate
from .compare import ComparePage

_ALBUM_KEY = "instaflow-demo-album"
_MOST_MB, _MOST_BYTES = 20, 128 * 1024  # of a file, and of what the browser sends of it

# The routes for uploads are closed, and a file's pixels say nothing of its settings: so the browser reads the file, and
# sends all of it but its pixels, which is little. Nothing of it is ever written to a disk.
_READ = f"""
    const zone = element.querySelector(".drop"), field = element.querySelector("input");
    const url = blob => new Promise(done => {{
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(blob);
    }});
    const withoutPixels = bytes => {{
        const view = new DataView(bytes.buffer), parts = [bytes.subarray(0, 8)];
        if (bytes.length < 8 || view.getUint32(0) !== 0x89504e47) return parts;
        for (let at = 8; at + 8 <= bytes.length;) {{
            const end = at + 12 + view.getUint32(at);
            if (view.getUint32(at + 4) !== 0x49444154) parts.push(bytes.subarray(at, end));  // IDAT
            at = end;
        }}
        return parts;
    }};
    const read = async file => {{
        if (!file) return;
        const small = file.size <= {_MOST_MB} * 1024 * 1024;
        const head = small ? new Blob(withoutPixels(new Uint8Array(await file.arrayBuffer()))) : null;
        trigger("submit", {{head: head && head.size <= {_MOST_BYTES} ? await url(head) : null}});
    }};
    field.addEventListener("change", async () => {{ await read(field.files[0]); field.value = ""; }});
    for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
        zone.addEventListener(kind, event => {{ event.preventDefault(); zone.classList.toggle("over", over); }});
    zone.addEventListener("drop", event => read(event.dataTransfer.files[0]));
"""

Update = dict[Any, Any]


class GalleryTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, albums: Albums):
        self._service = service
        self._settings = settings
        self._text = text
        self._albums = albums

    # ------------------------------------------------------------ building

    def build_album(self) -> None:
        """What the browser keeps; call it outside of the tabs, for what is in one is not there before it is opened."""
        self._album = gr.BrowserState(None, storage_key=_ALBUM_KEY, secret=_ALBUM_KEY)

    def build(self) -> None:
        self._build_states()
        t = self._text
        self._drop = gr.HTML(t("gallery_drop_html"), js_on_load=_READ, elem_id="gallery-drop")
        self._status = gr.HTML(status_html(""), elem_id="gallery-status", min_height=28)
        with gr.Row(elem_id="gallery", visible=False) as self._row:
            with gr.Column(min_width=300, elem_id="gallery-all"):
                self._build_images()
            with gr.Column(min_width=300, elem_id="gallery-one"):
                self._build_chosen()
        with gr.Column(elem_id="gallery-pair", visible=False) as self._pair:
            self._build_pair()

    def _build_states(self) -> None:
        # gradio's sessions end within an hour of their visitor's leaving; so do these images, unless the same browser
        # has come back by then, as it does when the page is loaded again or its language is changed
        self._owner = gr.State(None, delete_callback=self._albums.leave)
        self._shown: gr.State = gr.State(())  # the ids of the images in the order in which they are shown
        self._chosen = gr.State(None)

    def _build_images(self) -> None:
        t = self._text
        self._images = gr.Gallery(
            label=t("gallery_images"),
            columns=4,
            fit_columns=False,
            height="auto",
            object_fit="cover",
            allow_preview=False,
            interactive=False,
            buttons=["download_all"],
            elem_id="gallery-images",
        )
        with gr.Row(elem_id="gallery-actions"):
            self._zip = gr.Button(t("gallery_zip"), size="sm", min_width=120)
            self._clear = gr.Button(t("gallery_clear"), size="sm", min_width=120, elem_id="gallery-clear")
        with gr.Row(visible=False, elem_id="gallery-sure") as self._sure:
            gr.Markdown(t("gallery_sure"))
            self._clear_surely = gr.Button(t("gallery_clear_surely"), variant="stop", size="sm", min_width=120)
            self._keep = gr.Button(t("gallery_keep"), size="sm", min_width=120)

    def _build_chosen(self) -> None:
        t = self._text
        self._image = gr.Image(
            label=t("gallery_chosen"),
            interactive=False,
            type="filepath",
            buttons=["download", "fullscreen"],
            elem_id="gallery-image",
        )
        with gr.Row():
            self._use = gr.Button(t("gallery_use"), variant="primary", size="sm", min_width=150, elem_id="gallery-use")
            self._delete = gr.Button(t("gallery_delete"), size="sm", min_width=100, elem_id="gallery-delete")
        self._made_with = gr.HTML("", elem_id="gallery-settings")

    def _build_pair(self) -> None:
        t = self._text
        with gr.Row():
            with gr.Column(min_width=300):
                self._slider = gr.ImageSlider(
                    label=cast("str", t("gallery_slider")),  # gradio translates it, which its types do not say
                    interactive=False,
                    type="filepath",
                    buttons=["fullscreen"],
                    max_height=400,
                    elem_id="gallery-slider",
                )
                # for keyboards, which gradio's handle does not hear
                self._divide = gr.Slider(
                    0, 100, value=50, step=1, label=t("gallery_divide"), buttons=[], elem_id="gallery-divide"
                )
            with gr.Column(min_width=300):
                self._other = gr.Dropdown([], label=t("gallery_other"), filterable=False, elem_id="gallery-other")
                self._difference = gr.HTML("", elem_id="gallery-difference")

    def connect(self, page: gr.Blocks, tab: gr.Tab, tabs: gr.Tabs, compare: ComparePage) -> None:
        """Wire the events; call it inside the Blocks context, after `build`. Settings are restored in `compare`."""
        self._compare, self._tabs = compare, tabs
        asked: dict[str, Any] = {"preprocess": False, **QUIET}
        one = [self._chosen, self._image, self._made_with]
        pair = [self._slider, self._divide, self._difference]
        two = [self._pair, self._other, *pair]
        everything = [self._owner, self._shown, self._status, self._row, self._images, self._sure, *one, *two]
        page.load(self._claim, self._album, [self._album, *everything], **QUIET)
        named: dict[str, Any] = {"fn": None, "js": "() => instaflow.name()", **PRIVATE}
        for event in (tab.select, compare.run.then):
            event(self._refresh, [self._shown, self._chosen], everything, **asked).then(**named)
        self._images.change(**named)
        self._images.select(self._choose, [self._shown, self._chosen], [*one, *two], **asked)
        self._other.input(self._compare_with, [self._chosen, self._other], pair, **asked)
        self._delete.click(self._delete_one, [self._shown, self._chosen], everything, **asked)
        self._clear_surely.click(self._delete_all, None, everything, **asked)
        for button, visible in ((self._clear, True), (self._keep, False)):
            button.click(lambda visible=visible: gr.Row(visible=visible), None, self._sure, **QUIET)
        moved = '(position) => ({__type__: "update", slider_position: position})'
        self._divide.input(None, self._divide, self._slider, js=moved, **PRIVATE)
        self._zip.click(None, None, None, js="() => instaflow.zip()", **PRIVATE)
        restored = [self._status, tabs, *compare.filled]
        for event in (
            self._use.click(self._restore_chosen, self._chosen, restored, **asked),
            self._drop.submit(self._restore_file, None, restored, preprocess=False, **READING),
        ):
            event.then(None, None, None, js="() => document.querySelector('#generate')?.focus()", **PRIVATE)

    # ------------------------------------------------------------ a visitor's images

    def _claim(self, secret: Any, request: gr.Request) -> Update:
        """The album of this browser, and what is in it: its tab may be open by now."""
        update: Update = {self._album: self._albums.claim(request.session_hash, secret)}
        if not self._albums.of(request.session_hash):
            return update | {self._owner: request.session_hash}
        return update | self._refresh((), None, request)

    def _refresh(self, shown: Any, chosen: Any, request: gr.Request) -> Update:
        """The images as they are now. The newest is chosen if it is a new one, or if the chosen one is gone."""
        images = self._albums.of(request.session_hash)
        if images and images[0].id not in shown:
            chosen = images[0].id
        return self._show(images, chosen, request)

    def _show(self, images: Sequence[Drawn], chosen: Any, request: gr.Request) -> Update:
        language = requested_language(request.headers)
        one = _find(images, chosen) or next(iter(images), None)
        said = say(language, "gallery_count", n=len(images)) if images else say(language, "gallery_empty")
        place = images.index(one) if one else None
        captioned = [(str(drawn.path), caption_text(drawn, language)) for drawn in images]
        return self._show_one(images, one, language) | {
            self._owner: request.session_hash,
            self._shown: tuple(drawn.id for drawn in images),
            self._status: status_html(said),
            self._row: gr.Row(visible=bool(images)),
            self._images: gr.Gallery(value=captioned, selected_index=place),
            self._sure: gr.Row(visible=False),
        }

    def _show_one(self, images: Sequence[Drawn], one: Drawn | None, language: Language) -> Update:
        """The chosen image, beside the one that was drawn before it."""
        update: Update = {self._chosen: one.id if one else None}
        if one:
            said = caption_text(one, language)
            update[self._image] = gr.Image(value=str(one.path), alt_text=said)
            update[self._made_with] = settings_html(one, language)
        others = [drawn for drawn in images if drawn is not one]
        update[self._pair] = gr.Column(visible=bool(others))
        if one and others:
            place = images.index(one)
            other = others[min(place, len(others) - 1)]
            choices = [(_numbered(images, drawn, language), drawn.id) for drawn in others]
            update[self._other] = gr.Dropdown(choices=choices, value=other.id)
            update |= self._show_pair(one, other, language)
        return update

    def _show_pair(self, one: Drawn, other: Drawn, language: Language) -> Update:
        return {
            self._slider: gr.ImageSlider(value=(str(one.path), str(other.path)), slider_position=50),
            self._divide: 50,
            self._difference: difference_html(one, other, language),
        }

    def _choose(self, shown: Any, chosen: Any, event: gr.EventData, request: gr.Request) -> Update:
        """The image that was pressed, by its place among those that are shown."""
        images = self._albums.of(request.session_hash)
        place = _field(event, "index")
        if isinstance(place, int) and 0 <= place < len(shown):
            chosen = shown[place]
        one = _find(images, chosen)
        return self._show_one(images, one, requested_language(request.headers)) if one else {self._chosen: None}

    def _compare_with(self, chosen: Any, other: Any, request: gr.Request) -> Update:
        images = self._albums.of(request.session_hash)
        one, another = _find(images, chosen), _find(images, other)
        if one is None or another is None:
            return {self._difference: gr.skip()}
        return self._show_pair(one, another, requested_language(request.headers))

    def _delete_one(self, shown: Any, chosen: Any, request: gr.Request) -> Update:
        """Delete the chosen image; the one that takes its place is chosen."""
        place = shown.index(chosen) if chosen in shown else 0
        self._albums.delete(request.session_hash, [chosen])
        images = self._albums.of(request.session_hash)
        following = images[min(place, len(images) - 1)].id if images else None
        return self._show(images, following, request)

    def _delete_all(self, request: gr.Request) -> Update:
        self._albums.clear(request.session_hash)
        return self._show((), None, request)

    # ------------------------------------------------------------ settings

    def _restore_chosen(self, chosen: Any, request: gr.Request) -> Update:
        """The settings of the chosen image, in the other tab."""
        drawn = _find(self._albums.of(request.session_hash), chosen)
        if drawn is None:
            return {self._status: gr.skip()}
        return self._restored(restore_metadata(drawn.metadata, self._models(), self._devices()), request)

    def _restore_file(self, event: gr.EventData, request: gr.Request) -> Update:
        """The settings in a file, or why there are none."""
        language = requested_language(request.headers)
        try:
            texts = read_texts(read_head(_field(event, "head")))
            found = restore(texts.get(KEY, ""), texts.get(PARAMETERS, ""), self._models(), self._devices())
        except DemoError as error:
            return {self._status: problem(say(language, "gallery_unread"), translate(language, error.sentence))}
        return self._restored(found, request)

    def _restored(self, found: Restored, request: gr.Request) -> Update:
        update = self._compare.fill(found, requested_language(request.headers))
        return update | {self._tabs: gr.Tabs(selected="compare")}

    def _models(self) -> set[str]:
        """What can be chosen here and now, the refiner too."""
        here = self._service.availability()
        return {model for model in (*self._settings.models, REFINER.id) if here[model].available}

    def _devices(self) -> set[str]:
        return {"cpu", device.choose("auto", "auto").device}


def read_head(url: Any) -> bytes:
    """The beginning of a file, or all of it but its pixels, from the address that a browser makes of it.

    Raises:
        InvalidRequest: with a sentence, when there is nothing in it, as of a file that is too large.
    """
    try:
        if isinstance(url, str) and len(url) <= 2 * _MOST_BYTES:
            return base64.b64decode(url.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        pass
    raise InvalidRequest(
        {
            "file": Sentence(
                "Only PNG files of at most {mb} MB, with at most {kb} KB of texts, are read: choose a smaller one.",
                mb=_MOST_MB,
                kb=_MOST_BYTES // 1024,
            )
        }
    )


def _find(images: Sequence[Drawn], name: Any) -> Drawn | None:
    """The image of this id among those of a visitor."""
    return next((drawn for drawn in images if drawn.id == name), None)


def _numbered(images: Sequence[Drawn], drawn: Drawn, language: Language) -> str:
    """An image in a list, with its place in the gallery, as captions may be the same."""
    return f"{images.index(drawn) + 1} · {caption_text(drawn, language)}"


def _field(event: gr.EventData, name: str) -> Any:
    """What an event came with; a forged one may come with anything."""
    try:
        return getattr(event, name, None)
    except TypeError:
        return None
