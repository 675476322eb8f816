"""What requests take of the device in image-steps, and that a run takes no more than it may."""

import pytest

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.events import Done, Failed, Step
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest, check_budget, image_steps, weight
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights


def test_image_steps_are_steps_times_images_by_size() -> None:
    assert weight(512) == 1
    asked = GenerationRequest.parse("a dog", ["sd-1.5", "instaflow-0.9b"], images=4, steps={"sd-1.5": 25}, size=768)
    assert image_steps(asked) == pytest.approx((25 + 1) * 4 * 2.25)
    refined = GenerationRequest.parse("a dog", ["sd-mini"], images=2, steps=10, refine=True)
    assert image_steps(refined) == pytest.approx((10 + REFINER.steps.default) * 2 / 4)
    cascade = GenerationRequest.parse("a dog", ["text2im-mini"])
    assert image_steps(cascade) == pytest.approx((100 + MODELS["text2im-mini"].upsampling_steps) / 4)


def test_what_the_page_offers_of_the_shipped_models_is_within_the_default() -> None:
    shipped = [name for name, spec in MODELS.items() if spec.shipped]
    highest = {name: MODELS[name].steps.high for name in shipped}
    assert image_steps(GenerationRequest.parse("a dog", shipped, images=8, steps=highest)) < 1000 * 2
    assert image_steps(GenerationRequest.parse("a dog", shipped, images=8)) < 1000


def test_a_refusal_says_how_much_would_be_within_the_budget() -> None:
    asked = GenerationRequest.parse("a dog", ["sd-mini"], images=8, steps=50)
    check_budget([asked], 100)
    check_budget([asked], None)
    with pytest.raises(
        InvalidRequest, match=r"100 image-steps .* a run may take 60 here: .* 60 % of it is left"
    ) as why:
        check_budget([asked], 60.0, "steps")
    assert set(why.value.problems) == {"steps"}


def test_a_run_that_takes_more_than_it_may_ends_between_two_steps() -> None:
    """Requests are judged before; this is what holds if one was judged wrong."""
    service = Service(Weights(), budget=2.5)
    asked = GenerationRequest.parse("a dog", ["sd-mini", "instaflow-mini"], steps={"sd-mini": 25}, save=False)
    events = list(service.run(asked))
    assert sum(isinstance(event, Step) for event in events if event.model == "sd-mini") == 11
    failed = [event for event in events if isinstance(event, Failed)]
    assert [event.model for event in failed] == ["sd-mini", "instaflow-mini"]
    assert failed[0].message.startswith("This was ended after 2 image-steps")
    assert not any(isinstance(event, Done) for event in events)
    small = GenerationRequest.parse("a dog", ["instaflow-mini"], save=False)
    assert any(isinstance(event, Done) for event in service.run(small)), "each run has the whole budget"
    service.close()
