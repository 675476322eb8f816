"""Named inputs: their raw values, the visitor's language among them, and what is wrong with them at each field."""

from collections.abc import Callable, Container, Sequence
from typing import Any

import gradio as gr

from ..errors import DemoError, InvalidRequest
from .text import LANGUAGES, Language, translate


class Inputs:
    """Input components by name. Handlers get their values in the order in which they were added, the language first.

    Gradio's own preprocessing answers forged values without a sentence, so handlers take raw ones and judge them.
    """

    def __init__(self) -> None:
        self._components: dict[str, Any] = {"language": gr.State("en")}

    def __getitem__(self, name: str) -> Any:
        return self._components[name]

    def __setitem__(self, name: str, component: Any) -> None:
        self._components[name] = component

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._components)

    @property
    def components(self) -> list[Any]:
        return list(self._components.values())

    def by_name(self, values: Sequence[Any]) -> dict[str, Any]:
        """Raw values by the name of their component."""
        return dict(zip(self._components, values, strict=True))

    def language(self, values: Sequence[Any]) -> Language:
        """The language among raw values, English where a forged call has none."""
        return values[0] if values and values[0] in LANGUAGES else "en"

    def judge(
        self, parse: Callable[..., object], values: Sequence[Any], visible: Container[str], otherwise: str
    ) -> list[dict[str, Any]]:
        """For every input whether `parse` finds it good, in a form that gradio shows at the field.

        A field that is not `visible` has its sentence at the one called `otherwise`.
        """
        language = self.language(values)
        problems: dict[str, str] = {}
        try:
            parse(*values)
        except InvalidRequest as error:
            for name, sentence in error.problems.items():
                field = name if name in visible else otherwise
                problems[field] = f"{problems.get(field, '')} {translate(language, sentence)}".strip()
        return [gr.validate(name not in problems, problems.get(name, "")) for name in self._components]


def prompt_box(text: gr.I18n, value: str, elem_id: str, hint: str = "prompt_hint") -> gr.Textbox:
    """The field of a prompt, which takes most of its row; `hint` is the key of what an empty one says."""
    return gr.Textbox(
        value,
        label=text("prompt"),
        placeholder=text(hint),
        lines=1,
        max_lines=4,
        scale=5,
        min_width=260,
        elem_id=elem_id,
    )


def refusal(error: DemoError, language: Language) -> gr.Error:
    """The sentence of an error as gradio shows it."""
    return gr.Error(translate(language, error.sentence), print_exception=False)
