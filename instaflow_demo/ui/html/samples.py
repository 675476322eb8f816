"""A row of images for a method, with the paper's figures and ours side by side below its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ...results.stored_samples import SIDE, Samples
from ...results.tables import Column
from ..text import Language, machine_text, say
from .tables import cell_html


@dataclass(frozen=True)
class Report:
    """Figures of a method as one of the two report them; `heading` says who, and on what machine."""

    heading: str
    row: Any
    columns: Sequence[Column]


def sample_html(title: Markup, strip: Path, reports: Sequence[Report], samples: Samples, language: Language) -> Markup:
    """A method's images, below them its name, the reports, and where the images were drawn."""
    drawn = say(language, "samples_drawn", machine=machine_text(samples.machine, language), seed=samples.seed)
    return Markup(
        '<figure class="sample"><img src="{source}" alt="{alt}" loading="lazy" width="{width}" height="{side}">'
        '<figcaption><h3>{title}</h3><div class="reports">{reports}</div><p class="note">{drawn}</p>'
        "</figcaption></figure>"
    ).format(
        source="gradio_api/file=" + quote(str(strip)),
        alt=f"{title.striptags().rstrip(' ▸')}: {'; '.join(samples.prompts)}",
        width=SIDE * len(samples.prompts),
        side=SIDE,
        title=title,
        reports=Markup("").join(_report(report, language) for report in reports if report.row),
        drawn=drawn,
    )


def _report(report: Report, language: Language) -> Markup:
    figures = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(
            say(language, column.title), cell_html(report.row, column, language)
        )
        for column in report.columns
    )
    return Markup("<section><h4>{}</h4><dl>{}</dl></section>").format(report.heading, figures)
