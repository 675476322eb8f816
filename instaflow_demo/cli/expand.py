"""Options that several commands share, declared once: a dataclass whose fields become options of each of them."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any


def expand(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is a dataclass by the dataclass's fields, in the same place.

    Typer reads options from a function's signature, so it sees the fields; `command` is called with the dataclass.
    Whoever calls the result may leave out what has a default.
    """
    parameters = inspect.signature(command).parameters.values()
    groups: dict[str, Any] = {each.name: each.annotation for each in parameters if is_dataclass(each.annotation)}

    @wraps(command)
    def expanded(**values: Any) -> None:
        for name, group in groups.items():
            own = {field.name for field in fields(group)} & values.keys()
            values[name] = group(**{field: values.pop(field) for field in own})
        command(**values)

    flat = [field for each in parameters for field in _fields_of(each, groups)]
    vars(expanded)["__signature__"] = inspect.Signature(flat)
    return expanded


def _fields_of(parameter: inspect.Parameter, groups: dict[str, Any]) -> list[inspect.Parameter]:
    """A parameter as typer is to see it: itself, or the fields of its dataclass."""
    shown = inspect.signature(groups[parameter.name]).parameters.values() if parameter.name in groups else [parameter]
    return [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shown]
