"""Nothing raw gets past the parser, and what gets past it is valid."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest, Limits

NAN, INF = float("nan"), float("inf")
NOT_NUMBERS = (NAN, INF, -INF, True, "3", object(), [], {}, b"1", 1j)

BAD = [
    *[
        ("prompt", value)
        for value in (None, 3, True, b"dog", ["dog"], "", " \t\n", "\x00\x1b", "\ud800", "\u200b\u200d")
    ],
    *[("prompt", value) for value in ("x" * 501, "x" * 200_000, "🐕" * 501, " ".join(["dog"] * 200))],
    *[("negative_prompt", value) for value in (None, 3, "x" * 501)],
    *[("models", value) for value in (None, 3, "", [], {}, b"sd-mini", "dall-e", ["sd-mini", "dall-e"], [None], [[]])],
    *[("models", value) for value in ({"sd-mini": 1}, "y" * 1000, "x\ny", "\ud800")],
    *[("images", value) for value in (*NOT_NUMBERS, 0, 9, -1, 1.5, 10**400, None)],
    *[("seed", value) for value in (*NOT_NUMBERS, -2, -1.5, 2**32, 0.5, 10**400, None, "-1", "", "7 ", "randomly")],
    *[("steps", value) for value in (*NOT_NUMBERS[:5], 0, -1, 101, 2.5, 10**400, "1.0")],
    *[("guidance", value) for value in (*NOT_NUMBERS[:5], -0.1, 15.1, 1e300, "1,5")],
    *[("batched", value) for value in (None, 0, 1, "yes", "true")],
    *[("save", value) for value in (None, 0, 1, "no")],
    *[("device", value) for value in (None, "gpu", "CPU", "cuda:9", ["cpu"])],
    *[("dtype", value) for value in (None, "int8", "Float32", 32)],
]


def parse(**raw: Any) -> GenerationRequest:
    return GenerationRequest.parse(raw.pop("prompt", "a dog"), raw.pop("models", "sd-mini"), **raw)


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda value: repr(value)[:20])
def test_junk_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(**{field: value})
    assert list(refused.value.problems) == [field]
    assert is_a_sentence(refused.value.problems[field])


@pytest.mark.parametrize(
    ("field", "value", "limits"),
    [
        ("images", 0, "from 1 to 8, not 0"),
        ("images", 10**9, "from 1 to 8, not 1,000,000,000"),
        ("images", 1e189, "from 1 to 8, not 1e+189"),
        ("images", "2", "a whole number from 1 to 8, not the text “2”"),
        ("seed", -2, "from 0 to 4,294,967,295, or -1 for a random one, not -2"),
        ("seed", 2**63, "from 0 to 4,294,967,295, or -1 for a random one, not 9,223,372,036,854,775,808"),
        ("seed", 7.5, "a whole number from 0 to 4,294,967,295, or -1 for a random one"),
        ("steps", "1.0", "a whole number from 1 to 100 for Stable Diffusion mini, not the text “1.0”"),
        ("steps", 101, "from 1 to 100 for Stable Diffusion mini, not 101"),
        ("guidance", NAN, "a number from 0 to 15 for Stable Diffusion mini"),
        ("guidance", "1,5", "a number from 0 to 15 for Stable Diffusion mini, not the text “1,5”"),
        ("batched", "true", "true or false, not the text “true”"),
        ("dtype", "int8", "auto, float32, float16, bfloat16, not the text “int8”"),
    ],
)
def test_a_refusal_names_the_limits_and_what_was_given(field: str, value: Any, limits: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(**{field: value})
    assert refused.value.problems[field].endswith(f" {limits}.")


@pytest.mark.parametrize(("model", "size"), [("sd-1.5", 100), ("2rf", 1024), ("sd-1.5", 500), ("sd-1.5", "512")])
def test_a_size_that_cannot_be_is_told_all_that_it_must_be(model: str, size: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"must be a multiple of 64 pixels from 256 to 768 for .*, not"):
        parse(models=model, size=size)


@pytest.mark.parametrize("value", ["many", True, NAN, None, [1]])
def test_junk_is_refused_where_a_model_fixes_the_setting_too(value: Any) -> None:
    for field in ("steps", "guidance", "size"):
        if value is None:
            assert parse(models="instaflow-mini", **{field: value}).notes == ()
            continue
        with pytest.raises(InvalidRequest, match="InstaFlow mini always uses"):
            parse(models="instaflow-mini", **{field: value})


@pytest.mark.parametrize("value", [-1, -1.0, "random", " Random "])
def test_a_random_seed_is_drawn_and_known(value: Any) -> None:
    drawn = {parse(seed=value, images=8).seed for _ in range(8)}
    assert len(drawn) > 1
    for seed in drawn:
        assert parse(seed=seed, images=8).seed == seed, "so that the images can be made again"


def test_whole_floats_are_whole_numbers() -> None:
    request = parse(seed=7.0, images=2.0, steps=3.0)
    assert (request.seed, request.images, request.runs[0].steps) == (7, 2, 3)
    assert all(isinstance(value, int) for value in (request.seed, request.images, request.runs[0].steps))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a\x00dog\x1b", "2 characters that cannot be printed were left out of the prompt."),
        ("a dog\ud83d", "1 character that cannot be printed was left out of the prompt."),
        ("a\tdog\r\n \u2028now\x85", None),  # white space of any kind means no more than a blank
        ("a dog\u200d", None),  # shows nothing, and reaches the model
    ],
)
def test_what_is_taken_out_of_a_prompt_is_said(raw: str, said: str | None) -> None:
    assert parse(prompt=raw).notes == ((said,) if said else ())
    other = said and said.replace("the prompt", "the negative prompt")
    assert parse(negative_prompt=raw).notes == ((other,) if other else ())


@pytest.mark.parametrize("raw", [" ", "\t\n", "\u200b\u200d", "\x00", "\ufeff \ud800"])
def test_a_negative_prompt_that_shows_nothing_is_none(raw: str) -> None:
    request = parse(negative_prompt=raw)
    assert request.negative_prompt == ""
    assert request.notes == ("The negative prompt is blank, so it has no effect.",)
    assert parse(negative_prompt="").notes == ()


def is_a_sentence(text: str) -> bool:
    return text[0].isupper() and text[-1] == "." and len(text) < 300


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(prompt="", models=[], images=0, device="gpu")
    assert set(refused.value.problems) == {"prompt", "models", "images", "device"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  a\tbig \n dog ", "a big dog"),
        ("a\x00dog\x1b", "a dog"),
        ("a\x7fbig\x9fred\ufffedog", "a big red dog"),
        ("كلب أحمر", "كلب أحمر"),
        ("um ca\u0303o", "um cão"),  # a letter and its accent become one character
        ("dog \ud83d cat", "dog cat"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("🐕‍🦺", "🐕‍🦺"),
        ("x" * 500 + " " * 1000, "x" * 500),
    ],
)
def test_prompts_are_made_printable(raw: str, text: str) -> None:
    assert parse(prompt=raw).prompt == text


def test_a_setting_may_differ_between_models() -> None:
    request = parse(models=["sd-mini", "2rf-mini"], steps={"sd-mini": 7}, guidance={"sd-mini": 1, "2rf-mini": 2.5})
    assert [(run.steps, run.guidance) for run in request.runs] == [(7, 1.0), (MODELS["2rf-mini"].steps.default, 2.5)]
    assert [run.network_evaluations for run in request.runs] == [7, 50]


def test_what_a_model_fixes_is_kept_with_a_note() -> None:
    request = parse(models="instaflow-mini", steps=25, negative_prompt="blue")
    assert request.runs[0].steps == 1
    assert any("always uses 1 for steps" in note for note in request.notes)
    assert any("ignores the negative prompt" in note for note in request.notes)
    assert parse(models="sd-mini", negative_prompt="blue").notes == ()
    assert parse(models="instaflow-mini", steps=1).notes == ()


def test_sizes_come_in_steps_of_64() -> None:
    assert parse(models="sd-1.5", size=576).runs[0].size == 576
    for size in (500, 192, 832):
        with pytest.raises(InvalidRequest, match="Size"):
            parse(models="sd-1.5", size=size)


def test_a_model_is_run_once_however_often_it_is_named() -> None:
    assert len(parse(models=["sd-mini", "sd-mini"]).runs) == 1


@given(st.integers(0, 2**32 - 9), st.integers(1, 8))
def test_seeds_follow_each_other(first: int, count: int) -> None:
    assert parse(seed=first, images=count).seeds == tuple(range(first, first + count))


def test_the_seed_of_every_image_can_be_asked_for_again() -> None:
    """An image names its seed so that it can be made again; refusing to begin so near the end is fine too."""
    try:
        seeds = parse(seed=2**32 - 1, images=2).seeds
    except InvalidRequest:
        return
    assert [parse(seed=seed).seed for seed in seeds] == list(seeds)


@pytest.mark.parametrize(("field", "value"), [("seed", 2**32), ("guidance", 15.0000001)])
def test_a_refused_number_is_told_from_its_limit(field: str, value: float) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(**{field: value})
    assert str(value) in str(refused.value).replace(",", "")


def test_a_list_nested_without_end_is_no_model() -> None:
    nested: list = []
    for _ in range(10_000):
        nested = [nested]
    with pytest.raises(InvalidRequest):
        parse(models=nested)


def test_limits_are_the_callers() -> None:
    with pytest.raises(InvalidRequest, match="from 1 to 2"):
        parse(images=3, limits=Limits(images=2))


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=8)
anything = st.recursive(junk, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2))
FIELDS = ("negative_prompt", "images", "seed", "steps", "guidance", "size", "batched", "device", "dtype", "save")


@given(anything, anything, st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything)))
def test_any_input_is_valid_or_explained(prompt: Any, models: Any, raw: dict[str, Any]) -> None:
    try:
        request = GenerationRequest.parse(prompt, models, **raw)
    except InvalidRequest as refused:
        assert refused.problems
        assert all(is_a_sentence(sentence) for sentence in refused.problems.values())
    else:
        assert request.runs


odd = st.characters() | st.sampled_from("\x00\x1f\x7f\x9f\u0303\u0344\u2028\ud800\udc00\ufffe \ta")


@given(st.text(odd, max_size=300))
def test_a_parsed_prompt_stays_as_it_is(prompt: str) -> None:
    try:
        parsed = parse(prompt=prompt).prompt
    except InvalidRequest:
        return
    assert parse(prompt=parsed).prompt == parsed
    assert not {unicodedata.category(character) for character in parsed} & {"Cc", "Cs", "Zl", "Zp"}
