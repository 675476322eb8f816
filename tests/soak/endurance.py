"""The row about one process that draws thousands of images: memory, descriptors and threads stay as they are."""

from dataclasses import dataclass, field
from statistics import median

import numpy as np
import psutil
from served import App

from .record import Clock, Row
from .visitors import Visitor, page_values

IMAGES, FEWEST, AT_ONCE = 10_000, 400, 8
WARMING = 0.25
"""The share of the images before which memory may still grow: caches fill."""
MOST_MB, MOST_MORE = 1.0, 2


@dataclass
class Course:
    """What a process holds after so many images; sizes in MB."""

    images: list[int] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def look(self, process: psutil.Process, images: int) -> None:
        """Note what it holds now."""
        self.images.append(images)
        self.rss.append(process.memory_info().rss / 1e6)
        self.descriptors.append(process.num_fds())
        self.threads.append(process.num_threads())

    def warm(self) -> "Course":
        """The part that counts."""
        first = sum(each < WARMING * self.images[-1] for each in self.images) if self.images else 0
        return Course(self.images[first:], self.rss[first:], self.descriptors[first:], self.threads[first:])


def slope(images: list[int], values: list[float]) -> tuple[float, float]:
    """Growth in 1,000 images by least squares, and its standard error."""
    if len(images) < 3:
        return float("inf"), float("inf")
    x, y = np.array(images) / 1000, np.array(values)
    spread = ((x - x.mean()) ** 2).sum()
    rate = ((x - x.mean()) * (y - y.mean())).sum() / spread
    rest = y - y.mean() - rate * (x - x.mean())
    return float(rate), float(np.sqrt((rest**2).sum() / (len(x) - 2) / spread))


def growth(counts: list[int]) -> float:
    """By how much the last tenth of some counts lies above the first."""
    tenth = max(1, len(counts) // 10)
    return median(counts[-tenth:]) - median(counts[:tenth]) if counts else float("inf")


def drawn(app: App, clock: Clock, count: int) -> Course:
    """Visitors who come one after another, and draw with the page as they find it; it ends early where a run fails."""
    course, process = Course(), psutil.Process(app.process.pid)
    values = page_values(app, images=AT_ONCE, models=["instaflow-mini"])
    for number in clock.counted(-(-count // AT_ONCE)):
        visitor = Visitor(app, 20_000 + number)
        answer = visitor.call("page", values)
        if answer.status != 200 or visitor.outcome("page", answer.event)[0] != "complete":
            break
        course.look(process, AT_ONCE * (number + 1))
    return course


def endurance(app: App, clock: Clock, count: int = IMAGES) -> Row:
    """As many images as there is time for."""
    course = drawn(app, clock, count)
    done = course.images[-1] if course.images else 0
    return _row(course.warm(), done, count, failed=clock.left > 0 and done < count)


def _row(course: Course, done: int, count: int, *, failed: bool) -> Row:
    rate, error = slope(course.images, course.rss)
    more, threads = growth(course.descriptors), growth(course.threads)
    return Row(
        "images in one process",
        f"memory grows by at most {MOST_MB:g} MB in 1,000, descriptors and threads by at most {MOST_MORE}",
        f"{rate:+.2f} ± {error:.2f} MB in 1,000; {more:+.0f} descriptors, {threads:+.0f} threads"
        + (", and a run failed" if failed else ""),
        # as many as there was time for
        done >= min(count, FEWEST) and not failed and rate <= MOST_MB and more <= MOST_MORE and threads <= MOST_MORE,
        done,
        count,
    )
