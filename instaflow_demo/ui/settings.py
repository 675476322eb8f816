"""The page's settings, from whoever starts it."""

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from ..errors import InvalidRequest, Sentence
from ..gallery import Gallery
from ..registry import DEFAULT_MODELS, MODELS, REFINER, ModelSpec


@dataclass(frozen=True)
class Settings:
    """The page as it is served.

    `models` are offered, in this order. Images that visitors save go to `kept`, whose folder is never served, and
    neither is the owner's, `out`. With `downloads`, visitors may fetch published models. `warm` is set once the models
    that are loaded ahead have been loaded.

    `alone`, the only visitor is this machine's user, who may name folders of it. Elsewhere each visitor may ask for
    `runs_per_minute`, where 0 is no limit, and a run may take `budget` image-steps, where None is none. `on_space`, the
    proxy of a Hugging Face Space is before the page; `tunnelled`, that or the tunnel of a link. `metrics_token` opens
    the server's metrics. With `login`, a link signs in with Hugging Face.
    """

    kept: Gallery
    out: Path
    models: tuple[str, ...] = tuple(MODELS)
    downloads: bool = False
    alone: bool = False
    on_space: bool = False
    runs_per_minute: int = 30
    budget: float | None = None
    metrics_token: str = ""
    tunnelled: bool = False
    login: bool = False
    warm: Event = field(default_factory=Event)

    @property
    def published(self) -> dict[str, ModelSpec]:
        """Those of the models whose weights are not shipped, and the refiner, by id."""
        models = {model: MODELS[model] for model in self.models if not MODELS[model].shipped}
        return models | {REFINER.id: REFINER}

    @property
    def chosen(self) -> tuple[str, ...]:
        """What is ticked when the page opens."""
        return tuple(model for model in DEFAULT_MODELS if model in self.models) or self.models[:1]

    def check_offered(self, chosen: Any, models: Container[str] | None = None) -> Any:
        """`chosen` as it is, unless it names a model that the registry has and that is not among `models`.

        These are all of the page's, if they are left out.

        Raises:
            InvalidRequest: with a sentence.
        """
        offered = self.models if models is None else models
        for name in chosen if isinstance(chosen, list) else []:
            if isinstance(name, str) and name in MODELS and name not in offered:
                raise InvalidRequest({"models": Sentence("{title} is not offered here.", title=MODELS[name].title)})
        return chosen
