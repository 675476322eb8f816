"""From the texts in an image back to a request for it, whatever stands in them."""

import io
import json
import struct
import zlib
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, JSON, SLOW, ready
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.events import ImageReady
from instaflow_demo.gallery import KEY, MOST_PIXELS, PARAMETERS, encode_png, read_texts
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.request.difference import find_differences
from instaflow_demo.request.parameters import parse_parameters
from instaflow_demo.request.restore import Restored, find_model, restore
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

ALL = (*MODELS, REFINER.id)
MADE: dict[str, Any] = {
    "model": SLOW,
    "prompt": "um cão, 3d style",
    "negative_prompt": "blue",
    "seed": 2**32 - 1,
    "steps": 7,
    "guidance": 2.5,
    "size": 256,
    "device": "cpu",
    "dtype": "float32",
    "backend": "eager",
    "decoder": "tiny",
}
THEIRS = """a (cat:1.2), <lora:ink:1>
watercolour
Negative prompt: dog,
ugly
Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 512x512, Model hash: 6ce0161689, \
Model: v1-5-pruned-emaonly, Lora hashes: "ink: 1, pen: 2", Version: v1.10.1"""


def restored(models: tuple[str, ...] = ALL, parameters: str = "", **changes: Any) -> Restored:
    """What becomes of our metadata with changes, or of another program's text."""
    return restore("" if parameters else json.dumps(MADE | changes), parameters, models)


# ---------------------------------------------------------------- ours


def test_our_settings_come_back_whole() -> None:
    found = restored()
    assert found.model == SLOW
    assert found.settings == {name: value for name, value in MADE.items() if name != "model"} | {"refine": False}
    assert found.notes == ()


def test_an_image_that_is_restored_is_drawn_again_to_the_bit() -> None:
    def draw(request: GenerationRequest) -> ImageReady:
        (made,) = (event for event in service.run(request) if isinstance(event, ImageReady))
        return made

    service = Service(Weights())
    first = draw(
        GenerationRequest.parse("a big dog", SLOW, seed=11, steps=3, guidance=2, negative_prompt="cat", decoder="tiny")
    )
    texts = read_texts(encode_png(first, first.metadata))
    found = restore(texts[KEY], texts[PARAMETERS], ALL)
    again = draw(GenerationRequest.parse(models=found.model, **found.settings))
    service.close()
    assert again.sha256 == first.sha256


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"device": "cuda"}, "a device that is not here (cuda)"),
        ({"backend": "compiled"}, "a backend that cannot be chosen here (compiled)"),
        ({"refiner": "sdxl"}, "the refiner is not here"),
        ({"loras": [{"file": "ink"}]}, "Other weights"),
        ({"interpolation": {"position": 0.5}}, "on the way to another image"),
        ({"steps": 1000}, "Steps must be from 1 to 100"),
        ({"seed": "x"}, "The seed must be"),
        ({"prompt": "x" * 501}, "too long"),
        ({"model": FAST, "steps": 7}, "always uses 1 for steps"),
        ({"model": "instaflow-0.9b"}, "InstaFlow 0.9B drew it and is not here"),
        ({"model": "dall-e"}, "dall-e drew it and is not known here"),
    ],
)
def test_what_cannot_be_restored_is_said(changes: dict[str, Any], note: str) -> None:
    found = restored((FAST, SLOW), **changes)
    assert note in " ".join(found.notes)


def test_settings_of_a_model_stay_where_it_is_not_here() -> None:
    found = restored((FAST,))
    assert found.model is None
    assert found.settings.keys() & {"steps", "guidance", "size"} == set()
    assert found.settings["prompt"] == MADE["prompt"]


def test_a_field_that_is_wrong_is_left_alone() -> None:
    found = restored(prompt=7, seed=-5)
    assert found.settings.keys() & {"prompt", "seed"} == set()
    assert found.settings["steps"] == 7


def test_a_refined_image_is_refined_again_where_that_can_be() -> None:
    assert restored(refiner="sdxl").settings["refine"] is True
    assert restored((SLOW,), refiner="sdxl").settings["refine"] is False


# ---------------------------------------------------------------- theirs


def test_parameters_of_other_programs_are_read() -> None:
    found = restored(parameters=THEIRS)
    assert found.model == "sd-1.5"
    assert found.settings["prompt"] == "a (cat:1.2), <lora:ink:1> watercolour"
    assert found.settings["negative_prompt"] == "dog, ugly"
    asked = {name: found.settings[name] for name in ("seed", "steps", "guidance", "size")}
    assert asked == {"seed": 42, "steps": 20, "guidance": 7.5, "size": 512}
    notes = " ".join(found.notes)
    assert "Euler a was left out" in notes
    assert "Not known here: Lora hashes." in notes
    assert "Weights and tags" in notes


def test_a_size_that_is_not_drawn_here_is_said() -> None:
    assert "512 by 768 was left out" in " ".join(restored(parameters=THEIRS.replace("512x512", "512x768")).notes)
    assert "Size must be" in " ".join(restored(parameters=THEIRS.replace("512x512", "500x500")).notes)


@pytest.mark.parametrize(
    ("text", "prompt", "negative", "settings"),
    [
        ("a cat", "a cat", "", {}),
        ("", "", "", {}),
        ("a: b, c: d", "a: b, c: d", "", {}),
        ("Steps: 1, Seed: 2, Size: 1x1", "", "", {"Steps": "1", "Seed": "2", "Size": "1x1"}),
        ('x\nA: "b, \\"c\\"", D: "e, F: 1', "x", "", {"A": 'b, "c"', "D": '"e', "F": "1"}),
        ("x\nNegative prompt: y", "x", "y", {}),
        ("Negative prompt: y\nz\nA: 1, B: 2, C: 3", "", "y\nz", {"A": "1", "B": "2", "C": "3"}),
    ],
)
def test_lines_are_prompts_or_settings(text: str, prompt: str, negative: str, settings: dict[str, str]) -> None:
    read = parse_parameters(text)
    assert (read.prompt, read.negative_prompt) == (prompt, negative)
    assert settings == {name: value for name, value in read.settings.items() if settings}


def test_models_are_known_by_the_names_of_their_files() -> None:
    names = {"v1-5-pruned-emaonly": "sd-1.5", "sd-v1-4.ckpt": "sd-1.4", "instaflow_0_9B_from_sd_1_5": "instaflow-0.9b"}
    names |= {spec.title.upper(): model for model, spec in MODELS.items()} | {model: model for model in MODELS}
    for name, model in names.items():
        assert getattr(find_model(name), "id", None) == model, name
    assert find_model("dreamshaper_8") is None


@given(st.text() | st.text('Seps: 1,x"\\\n(<>)'), JSON)
def test_any_text_is_restored_or_refused_in_words(theirs: str, ours: Any) -> None:
    for text in (json.dumps(ours), theirs):
        try:
            found = restore(text, theirs, ALL)
        except InvalidRequest as error:
            assert "There are no settings" in str(error)
        else:
            GenerationRequest.parse(**{"prompt": "x", "models": found.model or FAST} | dict(found.settings))


@given(
    st.fixed_dictionaries(
        {"prompt": JSON},
        optional={name: JSON | st.just(value) for name, value in MADE.items() if name != "prompt"}
        | {"refiner": JSON, "interpolation": JSON, "loras": JSON},
    )
)
def test_any_metadata_is_restored_to_what_can_be_asked_for(metadata: dict[str, Any]) -> None:
    found = restore(json.dumps(metadata), "", ALL)
    GenerationRequest.parse(**{"prompt": "x", "models": found.model or FAST} | dict(found.settings))


@given(st.text(max_size=80).filter(lambda text: text.split()), st.integers(0, 2**32 - 1), st.integers(1, 100))
def test_what_we_write_for_others_is_read_as_it_was_meant(prompt: str, seed: int, steps: int) -> None:
    prompt = " ".join(prompt.split())
    made = {**MADE, "prompt": prompt, "seed": seed, "steps": steps}
    with Image.open(io.BytesIO(encode_png(ready(SLOW, 0, 1.0), made))) as image:
        read = parse_parameters(image.info[PARAMETERS])
    assert (read.negative_prompt, read.settings["Seed"], read.settings["Steps"]) == ("blue", str(seed), str(steps))
    assert read.prompt == prompt.strip() or prompt.startswith("Negative prompt:")


@pytest.mark.parametrize("text", ["((((" * 50_000, "<a:" * 50_000, 'A: "' * 50_000, "A" * 200_000, "\n" * 200_000])
def test_long_texts_take_no_time(text: str) -> None:
    """Regular expressions that look back take minutes for these."""
    with pytest.raises(InvalidRequest) if not text.strip() else nullcontext():
        restore("", text, ALL)


# ---------------------------------------------------------------- files


def png(**texts: str) -> bytes:
    info, made = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_itxt(key, text, zip=True)
    Image.new("RGB", (8, 8)).save(made, "PNG", pnginfo=info)
    return made.getvalue()


def without_pixels(content: bytes) -> bytes:
    """As the page sends it."""
    begin = content.index(b"IDAT") - 4
    (length,) = struct.unpack(">I", content[begin : begin + 4])
    return content[:begin] + content[begin + 12 + length :]


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read_texts(content)
    return str(caught.value)


def test_texts_are_read_with_pixels_and_without() -> None:
    whole = png(parameters="um cão 犬", other="x")
    assert read_texts(whole) == read_texts(without_pixels(whole)) == {"parameters": "um cão 犬", "other": "x"}


def test_files_that_are_not_what_they_should_be_are_refused_in_words() -> None:
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8)).save(jpeg, "JPEG")
    assert "not a PNG file" in refusal(jpeg.getvalue())
    assert "not a PNG file" in refusal(b"")
    whole = png(parameters="x")
    assert "damaged" in refusal(whole[:60])
    assert "damaged" in refusal(whole[:8])
    assert "damaged" in refusal(without_pixels(whole)[:-12])
    assert "texts are too long" in refusal(png(parameters="x" * 3_000_000))  # a few kilobytes, packed


def test_a_bomb_is_refused_before_anything_is_unpacked() -> None:
    header = struct.pack(">II", 50_000, 50_000) + b"\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + header
    bomb = png()[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    assert f"more than {MOST_PIXELS:,} pixels" in refusal(bomb)


@given(st.data())
def test_any_damage_is_refused_in_words(data: st.DataObject) -> None:
    content = bytearray(png(parameters=THEIRS))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_texts(bytes(content[: data.draw(st.integers(0, len(content)))]))
    except InvalidRequest as error:
        assert str(error)[0].isupper()


# ---------------------------------------------------------------- differences


def test_differences_are_those_of_what_makes_an_image() -> None:
    assert find_differences(MADE, MADE | {"sha256": "1", "licence": "MIT"}) == ()
    found = find_differences(MADE | {"seed": 0}, MADE | {"negative_prompt": "", "prompt": "a cat"})
    assert [(each.name, each.first, each.second) for each in found] == [
        ("prompt", MADE["prompt"], "a cat"),
        ("negative_prompt", "blue", None),
        ("seed", 0, 2**32 - 1),
    ]


def test_revisions_are_compared_of_one_model_only() -> None:
    one, other = MADE | {"commit": "a"}, MADE | {"commit": "b"}
    assert [each.name for each in find_differences(one, other)] == ["commit"]
    assert [each.name for each in find_differences(one, other | {"model": FAST})] == ["model"]
