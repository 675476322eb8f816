"""What was measured, as the file and the manual hold it."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- scorecard: written by python -m tests.soak -->", "<!-- end of the scorecard -->"
NEVER = "It has not been measured yet."
DIGITS = 3


@dataclass(frozen=True)
class Row:
    """One row of the scorecard. `done` of `wanted` is how much of it there was time for."""

    row: str
    target: str
    measured: str
    passed: bool
    done: int
    wanted: int
    seconds: float = 0.0

    @classmethod
    def judged(cls, name: str, target: str, done: int, wanted: int, measured: str, *good: bool) -> "Row":
        """A row that passes if all of it was done, and all of it well."""
        return cls(name, target, measured, done >= wanted and all(good), done, wanted)


@dataclass(frozen=True)
class Clock:
    """The time that a row may take. Work is done in small units, and a row looks at the clock before each of them."""

    end: float

    @classmethod
    def of(cls, seconds: float) -> "Clock":
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        return self.end - time.monotonic()

    def first(self, seconds: float) -> "Clock":
        """One that ends after so many seconds, or with this one."""
        return Clock(min(self.end, time.monotonic() + seconds))

    def counted(self, wanted: int) -> Iterable[int]:
        """The numbers below `wanted`, until time is up."""
        for number in range(wanted):
            if self.left <= 0:
                return
            yield number


def to_json(rows: Iterable[Row], environment: Mapping[str, Any], minutes: float) -> str:
    """The file's text. Each row names the environment and the day, so that rows of several runs may be put together."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    said = [{**asdict(row), "seconds": round(row.seconds, 1), "date": day} for row in rows]
    return (
        json.dumps({"minutes": minutes, "environment": environment, "rows": said}, indent=1, ensure_ascii=False) + "\n"
    )


def table(said: Mapping[str, Any]) -> str:
    """The manual's table of what the file says."""
    rows = said["rows"]
    machine, day = said["environment"], max(row["date"] for row in rows)
    lines = [
        f"{sum(row['passed'] for row in rows)} of {len(rows)} rows meet their target. Measured on {day} in "
        f"{said['minutes']:g} minutes, on {machine['cpu']} with {machine['processors']} processors "
        f"({machine['load']:.1f} of them busy with something else when it began).",
        "",
        "| row | target | measured | done | met |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        done = f"{row['done']:,} of {row['wanted']:,}"
        lines.append(
            f"| {row['row']} | {row['target']} | {row['measured']} | {done} | {'yes' if row['passed'] else 'no'} |"
        )
    return "\n".join(lines)


def in_page(page: str, text: str) -> str:
    """A page of the manual with `text` in the place of its table."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def shown(page: str) -> str:
    """What a page of the manual has in the place of its table."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def write(text: str, file: Path, page: Path) -> None:
    """Store the file, and the table of it in the manual."""
    file.write_text(text, encoding="utf-8")
    page.write_text(in_page(page.read_text(encoding="utf-8"), table(json.loads(text))), encoding="utf-8")
