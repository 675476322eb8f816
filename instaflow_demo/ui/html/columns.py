"""Pure functions from a view to the HTML of one model's column, and pieces that the rest of the page shares.

Everything is built with markupsafe, which escapes whatever is not itself Markup: a prompt, a file name or an error's
text can never become a tag.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from markupsafe import Markup

from ...measure import STAGES, Measurement
from ...registry import ModelSpec
from ..text import Language, choose, format_gigabytes, format_number, format_seconds, say, translate
from .view import Column, Picture, RunView


def _join(parts: Sequence[str]) -> Markup:
    return Markup("").join(parts)


def _tag(text: str, kind: str = "") -> Markup:
    return Markup('<span class="tag {}">{}</span>').format(kind, text)


def steps_text(language: Language, steps: int, upsampling: int = 0) -> str:
    """ "1 step", "25 steps" or "100 + 27 steps"."""
    if upsampling:
        return say(language, "steps_count", n=f"{steps} + {upsampling}")
    return say(language, "step_count" if steps == 1 else "steps_count", n=steps)


# ---------------------------------------------------------------- one column


def seconds_html(view: RunView, language: Language) -> Markup:
    """A bar of seconds for each finished model, which leads to its column: a phone shows one at a time."""
    finished = [(each.run.model, each.measurement.seconds_per_image) for each in view.columns if each.measurement]
    slowest = max((took for _, took in finished), default=0.0) or 1.0
    bars = [_seconds_bar(model, took, took / slowest, language) for model, took in finished]
    return Markup('<ul class="bars seconds">{}</ul>').format(_join(bars)) if bars else Markup("")


def _seconds_bar(model: ModelSpec, took: float, share: float, language: Language) -> Markup:
    bar = Markup('<li><a href="#column-{}">{}</a><span class="well"><i style="width:{}%"></i></span><b>{}</b></li>')
    return bar.format(model.id, model.title, f"{100 * share:.1f}", format_seconds(language, took))


def column_html(view: RunView, model: str, language: Language) -> Markup:
    """A model's column above its images: name, settings, and its progress or its time."""
    column = view.column(model)
    body = {
        "waiting": _waiting,
        "loading": _loading,
        "loading_refiner": _loading,
        "running": _running,
        "stopped": _stop,
        "failed": _failure,
        "done": _running,
    }[column.phase](column, language)
    if column.measurement:
        body = _headline(view, column, column.measurement, language)
    phase = "stored" if column.stored else column.phase
    return Markup('<section class="head" data-model="{}" data-phase="{}">{}{}{}{}</section>').format(
        model, phase, _heading(column, language), body, notes_html(column.notes, language), _blank(view, column)
    )


def _blank(view: RunView, column: Column) -> Markup:
    """Frames where images will be, empty or with a preview, so that nothing jumps when the images come."""
    if column.over or column.pictures or not view.display:
        return Markup("")
    frames = _join([_empty_frame(column, index) for index in range(column.images)])
    return Markup('<div class="frames {}" aria-hidden="true">{}</div>').format(
        "one" if column.images == 1 else "", frames
    )


def _empty_frame(column: Column, index: int) -> Markup:
    """The frame of an image that is not finished: its preview, if there is one."""
    if index not in column.previews:
        return Markup("<i></i>")
    return Markup('<img class="preview" src="{}" alt="">').format(column.previews[index])


def _heading(column: Column, language: Language) -> Markup:
    run = column.run
    guidance = f"{say(language, 'guidance').lower()} {format_number(language, run.guidance, 1)}" if run.guided else ""
    steps = steps_text(language, run.steps, run.model.upsampling_steps)
    tags = [_tag(steps, "strong"), _tag(guidance) if guidance else Markup(""), _tag(run.model.licence)]
    if column.stored:
        tags.append(_tag(say(language, "stored_tag"), "cold"))
    return Markup('<h2>{}</h2><p class="tags">{}</p>').format(run.model.title, _join(tags))


def bar(fraction: float | None, label: str) -> Markup:
    """A progress bar; None is a bar that only shows that something is happening."""
    if fraction is None:
        return Markup('<div class="bar busy" role="progressbar" aria-label="{}"><i></i></div>').format(label)
    percent = round(100 * fraction)
    return Markup(
        '<div class="bar" role="progressbar" aria-valuenow="{p}" aria-valuemin="0" aria-valuemax="100" '
        'aria-label="{label}"><i style="width:{p}%"></i></div>'
    ).format(p=percent, label=label)


def _waiting(column: Column, language: Language) -> Markup:
    return Markup('<p class="line muted">{}</p>').format(say(language, "phase_waiting"))


def _loading(column: Column, language: Language) -> Markup:
    text = say(language, "phase_loading_refiner" if column.phase == "loading_refiner" else "phase_loading")
    return Markup('{}<p class="line">{}</p>').format(bar(None, text), text)


def _running(column: Column, language: Language) -> Markup:
    text = say(language, "phase_starting")
    if column.step is None:
        return Markup('{}<p class="line">{}</p>').format(bar(None, text), text)
    line = progress_line(column, language)
    return Markup('{}<p class="line">{}</p>').format(_bars(column), line)


def _bars(column: Column) -> Markup:
    """A bar for each stage: full ones for earlier stages, then the current one."""
    title = column.run.model.title
    return _join([bar(fraction, title) for fraction in (*(1.0 for _ in column.stages), _fraction(column))])


def _fraction(column: Column) -> float:
    return column.progress.fraction if column.progress else 0.0


def progress_line(column: Column, language: Language) -> str:
    """ "14% · Image 1 of 2 · step 7/25 · 1.20 s elapsed · 3.40 s left · 5.9 it/s"; empty before the first step."""
    step, progress = column.step, column.progress
    if step is None or progress is None:
        return ""
    first, last = step.image + 1, step.image + step.images
    left = say(language, "remaining", s=format_seconds(language, progress.remaining_s))
    cascade = column.run.model.upsampling_steps > 0
    counted = f"progress_{step.stage}" if cascade or step.stage == "refine" else "progress_step"
    ended = "enlarging" if cascade and step.stage == "sample" else "decoding"
    which = "progress_pass" if first == last else "progress_batch"
    return " · ".join(
        (
            f"{progress.fraction:.0%}",
            say(language, which, first=first, last=last, total=column.images),
            say(language, counted, step=step.step, steps=step.steps),
            say(language, "elapsed", s=format_seconds(language, progress.elapsed_s)),
            left if progress.fraction < 1 else say(language, ended),
            say(language, "n_iterations_per_second", n=format_number(language, progress.iterations_per_second, 1)),
        )
    )


def _stop(column: Column, language: Language) -> Markup:
    if column.step is None:
        return Markup('<p class="line muted">{}</p>').format(say(language, "phase_stopped_early"))
    text = say(language, "phase_stopped", step=column.step.step, steps=column.step.steps)
    return Markup('{}<p class="line muted">{}</p>').format(_bars(column), text)


def _failure(column: Column, language: Language) -> Markup:
    return problem(say(language, "phase_failed"), translate(language, column.message))


def problem(title: str, sentence: str) -> Markup:
    """What went wrong, and what to do about it."""
    return Markup('<div class="problem" role="alert"><b>{}</b><p>{}</p></div>').format(title, sentence)


def _headline(view: RunView, column: Column, measured: Measurement, language: Language) -> Markup:
    speedup = view.speedup(column.model)
    badge = Markup("") if measured.warm else _tag(say(language, "cold"), "cold")
    if speedup is not None:
        badge = _tag(speedup_text(language, speedup), "fast" if speedup > 1 else "")
    rate = say(language, "n_iterations_per_second", n=format_number(language, measured.iterations_per_second, 1))
    return Markup('<p class="big"><b>{}</b> <span>{} · {}</span> {}</p>').format(
        format_seconds(language, measured.seconds_per_image), say(language, "per_image"), rate, badge
    )


def speedup_text(language: Language, speedup: float) -> str:
    """ "21× faster", or "slowest" for 1."""
    if speedup <= 1:
        return say(language, "slowest")
    return say(language, "fastest", n=format_number(language, speedup, 0 if speedup >= 10 else 1))


def notes_html(notes: Sequence[str], language: Language) -> Markup:
    """A line for each note."""
    return _join([Markup('<p class="note">{}</p>').format(translate(language, note)) for note in notes])


# ---------------------------------------------------------------- a column's images and numbers


def results_html(view: RunView, model: str, prompt: str, language: Language) -> Markup:
    """A model's finished images, a row of numbers for each, and stages and rates once the model is done."""
    column = view.column(model)
    parts = [_images(column, prompt, language) if view.display else _hidden_count(column, language)]
    parts += [notes_html(picture.notes, language) for picture in column.pictures]
    details = _picture_table(column.pictures, language)
    if column.measurement:
        details += _measurement(column, column.measurement, language)
    parts.append(_folded(say(language, "details"), details))
    return Markup('<section class="results">{}</section>').format(_join(parts))


def _folded(title: str, content: Markup) -> Markup:
    return Markup('<details class="more"><summary>{}</summary>{}</details>').format(title, content)


def _images(column: Column, prompt: str, language: Language) -> Markup:
    """Finished images, followed by frames for those that are still being made."""
    frames = [
        _image(column, picture, prompt, language) for picture in column.pictures if picture.path or picture.inline
    ]
    if not column.over:
        made = {picture.index for picture in column.pictures}
        frames += [_empty_frame(column, index) for index in range(column.images) if index not in made]
    kind = "one" if column.images == 1 else ""
    return Markup('<div class="frames {}">{}</div>').format(kind, _join(frames))


def _image(column: Column, picture: Picture, prompt: str, language: Language) -> Markup:
    """A link to the file as it was saved, so that a download keeps the metadata that reproduces the image."""
    name = f"{column.run.model.title}: {prompt}"
    label = f"{say(language, 'image')} {picture.index + 1}"
    source = "gradio_api/file=" + quote(str(picture.path)) if picture.path else picture.inline
    return Markup(
        '<figure><a href="{source}" target="_blank" rel="noopener"><img src="{source}" alt="{name}" title="{name}"></a>'
        '<figcaption>{label} · <b>{time}</b> <a href="{source}" download aria-label="{save} {label}">↓</a></figcaption>'
        "</figure>"
    ).format(
        source=source,
        name=name,
        label=label,
        time=format_seconds(language, picture.timing.seconds_per_image),
        save=say(language, "download"),
    )


def _hidden_count(column: Column, language: Language) -> Markup:
    return Markup('<p class="note">{}</p>').format(say(language, "hidden_images", n=len(column.pictures)))


def _picture_table(pictures: Sequence[Picture], language: Language) -> Markup:
    names = ("image", "image_seed", "time", "iterations_per_second")
    head = _join([Markup("<th scope=col>{}</th>").format(say(language, name)) for name in names])
    rows = _join([_picture_row(picture, language) for picture in pictures])
    return Markup('<table class="pictures"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)


def _picture_row(picture: Picture, language: Language) -> Markup:
    timing = picture.timing
    temperature = Markup("") if timing.warm else _tag(say(language, "cold"), "cold")
    notes = _refinement(picture, language)
    if notes:
        notes = Markup("<tr><td colspan=4>{}</td></tr>").format(notes)
    return Markup('<tr class="picture"><td>{}</td><td>{}</td><td><b>{}</b> {}</td><td>{}</td></tr>{}').format(
        picture.index + 1,
        picture.seed,
        format_seconds(language, timing.seconds_per_image),
        temperature,
        format_number(language, timing.iterations_per_second, 1),
        notes,
    )


def _refinement(picture: Picture, language: Language) -> Markup:
    if picture.refined_s is None:
        return Markup("")
    refined = say(language, "refined", s=format_seconds(language, picture.refined_s))
    return Markup('<p class="note">{}</p>').format(refined)


def _measurement(column: Column, measured: Measurement, language: Language) -> Markup:
    facts = (
        (format_number(language, measured.images_per_second, 2), say(language, "images_per_second")),
        (str(column.run.network_evaluations), say(language, "evaluations")),
        (format_number(language, measured.iterations_per_second, 1), say(language, "iterations_per_second")),
        (format_gigabytes(language, measured.peak_bytes), say(language, "peak")),
    )
    cells = _join([Markup("<div><dd>{}</dd><dt>{}</dt></div>").format(*fact) for fact in facts])
    where = " · ".join(_circumstances(column, measured, language))
    return Markup('{}<dl class="facts">{}</dl><p class="note">{}. {}</p><p class="note">{}</p>').format(
        _stages(measured, language), cells, where, _warmth(measured, language), about(column.run.model, language)
    )


def _circumstances(column: Column, measured: Measurement, language: Language) -> Iterator[str]:
    """The conditions of a measurement: "cpu", "float32", "openvino", a latent model's decoder, and "warm"."""
    yield from (measured.device, measured.dtype, measured.backend)
    if column.run.model.traits.chooses_decoder:
        yield say(language, "decoded_by", decoder=measured.decoder)
    yield say(language, "warm_run" if measured.warm else "cold")


def _warmth(measured: Measurement, language: Language) -> str:
    if not measured.warm:
        return say(language, "cold_note")
    return "" if all(p.warm for p in measured.passes) else say(language, "warm_note")


def _stages(measured: Measurement, language: Language) -> Markup:
    """A bar of text, sampling and decode in proportion; loading is not part of an image's time and stands apart."""
    spent, total = measured.stages, measured.total_s or 1.0
    stages = [stage for stage in STAGES if stage != "upsample" or spent[stage]]
    bar = _join(
        [Markup('<i class="{}" style="width:{}%"></i>').format(s, f"{100 * spent[s] / total:.2f}") for s in stages]
    )
    load = format_seconds(language, measured.load_s) if measured.load_s else say(language, "already_loaded")
    shares = [_legend(stage, format_seconds(language, spent[stage]), language) for stage in stages]
    legend = [_legend("load", load, language), *shares]
    return Markup('<div class="stages" aria-hidden="true">{}</div><ul class="legend">{}</ul>').format(
        bar, _join(legend)
    )


def _legend(stage: str, value: str, language: Language) -> Markup:
    return Markup('<li class="{}">{} <b>{}</b></li>').format(stage, say(language, f"stage_{stage}"), value)


# ---------------------------------------------------------------- the page around the columns


def status_html(text: str, kind: str = "") -> Markup:
    """One line about the whole run, which screen readers announce politely."""
    return Markup('<p class="status {}" role="status" aria-live="polite">{}</p>').format(kind, text)


def choice_text(spec: ModelSpec, language: Language) -> str:
    """What a model is chosen by: its name, how many steps it takes, and the licence of one that is not ours."""
    steps = steps_text(language, spec.steps.default, spec.upsampling_steps)
    return " · ".join((spec.title, steps) if spec.shipped else (spec.title, steps, spec.licence))


def about(spec: ModelSpec, language: Language) -> str:
    """A model's summary, and for published ones where the weights come from."""
    summary = choose(language, spec.summary, spec.summary_pt)
    return summary if spec.shipped else f"{summary} · {spec.source}"


def unavailable_html(reasons: Sequence[tuple[ModelSpec, str]], language: Language) -> Markup:
    """Why models cannot run, and what to do about it."""
    if not reasons:
        return status_html(say(language, "all_models_here"))
    rows = [
        Markup("<li><b>{}</b> · {} · {}<br>{}<br>{}</li>").format(
            spec.title,
            steps_text(language, spec.steps.default, spec.upsampling_steps),
            spec.licence,
            about(spec, language),
            translate(language, reason),
        )
        for spec, reason in reasons
    ]
    return Markup('<section class="unavailable"><h2>{}</h2><ul>{}</ul></section>').format(
        say(language, "unavailable_models"), _join(rows)
    )


def download_link(label: str, name: str, media: str, content: str) -> Markup:
    """A link that contains its file, so that no visitor's results are on the server for others to fetch."""
    return Markup('<a class="download" download="{}" href="data:{};charset=utf-8,{}">{}</a>').format(
        name, media, quote(content, safe=""), label
    )
