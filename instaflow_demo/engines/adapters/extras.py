"""What other people's weights are merged into a model when it is loaded."""

from dataclasses import dataclass

from ...request import Lora
from ...weights.locate import ModelFiles


@dataclass(frozen=True)
class Extras:
    """LoRA files, and a fine-tune.

    `delta` is the base that the model was made from, and a fine-tune of it that the model's difference is added to.
    """

    loras: tuple[Lora, ...] = ()
    delta: tuple[ModelFiles, ModelFiles] | None = None

    def __bool__(self) -> bool:
        return bool(self.loras or self.delta)


NOTHING = Extras()
