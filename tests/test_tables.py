"""Typed rows become text: every kind of value, in every writer."""

from dataclasses import dataclass
from typing import Any

import pytest

from instaflow_demo.measure import Figure
from instaflow_demo.results.tables import Column, Notation, pick, to_csv, to_markdown, to_terminal


@dataclass(frozen=True)
class Line:
    system: str
    value: Any


PORTUGUESE = Notation(
    lambda value, form: format(value, form).replace(".", ","), {"yes": "sim", "no": "não"}.__getitem__
)


@pytest.mark.parametrize(
    ("value", "options", "english", "portuguese"),
    [
        (None, {}, "–", "–"),
        (None, {"missing": "off"}, "off", "off"),
        (7, {}, "7", "7"),
        (1.25, {"form": "g"}, "1.25", "1,25"),
        (2.0, {"form": ".1f", "unit": "x"}, "2.0x", "2,0x"),
        (0.5, {"form": ".1f", "unit": " %", "scale": 100}, "50.0 %", "50,0 %"),
        (0.5, {"form": lambda line: ".3f" if line.system else ".2f"}, "0.500", "0,500"),
        (True, {}, "yes", "sim"),
        ((), {}, "", ""),
        ((100, 27), {"joint": " + "}, "100 + 27", "100 + 27"),
        ((0.1, (0.2, 0.3), None), {"form": ".1f", "joint": " / "}, "0.1 / 0.2 + 0.3 / –", "0,1 / 0,2 + 0,3 / –"),
        (Figure(0.5, 0.4, 0.6, 9), {"form": ".2f"}, "0.50 (0.40 to 0.60)", "0,50 (0,40 to 0,60)"),
        ("a.b, x", {}, "a.b, x", "a.b, x"),
    ],
)
def test_a_value_is_written_as_its_column_says(value: Any, options: dict, english: str, portuguese: str) -> None:
    column, line = Column("value", "Value", **options), Line("one", value)
    assert column.text(line) == english
    assert column.text(line, PORTUGUESE) == portuguese


def test_writers_quote_what_their_format_needs_quoted() -> None:
    columns = Column("system", "System"), Column("value", "Value", ".1f")
    rows = [Line("a | b, c", 1.0), Line('"d"', None)]
    assert to_csv(rows, columns) == 'System,Value\n"a | b, c",1.0\n"""d""",–\n'
    assert to_markdown(rows, columns) == '| System | Value |\n| --- | --- |\n| a \\| b, c | 1.0 |\n| "d" | – |\n'


def test_a_table_on_its_side_has_a_column_for_each_row() -> None:
    columns = Column("system", "System"), Column("value", "Value")
    rows = [Line("one", 1), Line("two", 2), Line("three", 3)]
    upright, sideways = to_terminal(rows, columns), to_terminal(rows, columns, sideways=True)
    assert [column.header for column in upright.columns] == ["System", "Value"]
    assert [column.header for column in sideways.columns] == ["System", "one", "two", "three"]
    assert (upright.row_count, sideways.row_count) == (3, 1)


def test_columns_are_picked_by_their_key_and_changed() -> None:
    columns = Column("system", "System"), Column("value", "Value", ".1f")
    assert pick(columns, {"value": {"title": "Wert"}}) == (Column("value", "Wert", ".1f"),)
    with pytest.raises(KeyError):
        pick(columns, {"other": {}})
