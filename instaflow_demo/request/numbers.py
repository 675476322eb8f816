"""Numbers in texts that others wrote."""

from typing import Any


def read_number(text: str) -> Any:
    """The number in a text; the text itself, for the judge of numbers to refuse, where it is none.

    >>> read_number("7"), read_number("1.5"), read_number("many")
    (7, 1.5, 'many')
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
