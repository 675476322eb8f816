"""Progressive distillation as a whole: students, each a stage of its own, who halve the steps down to one."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from .loop import Process
from .stage import Job, Stage, Training, run_stage, save_unet
from .stages import progressive
from .stages.teacher import CaptionedLatents, Prompts

LAST = f"progressive/{progressive.STUDENTS[-1]}"
"""The stage of the student who is left."""


def train_students(
    job: Job, prompts: Prompts, scenes: CaptionedLatents, guidance: float, *, before: str = "teacher", compile_: bool
) -> bool:
    """Train every student who is not finished yet, the first one by the stage `before` with `guidance`.

    `job` has the budget of each student. Returns whether all are finished: a run that is to pause ends earlier.
    """
    for steps in progressive.STUDENTS:
        scale = guidance if steps == progressive.STUDENTS[0] else 1.0
        stage = Stage(f"progressive/{steps}", partial(_begin_student, steps, before, scale, prompts, scenes))
        if not job.files.is_finished(stage.name, job.budget):
            run_stage(stage, replace(job, process=Process(compiled=compile_)))
            if job.budget.pauses(job.process) or not job.files.is_finished(stage.name, job.budget):
                break
        before = stage.name
    return job.files.is_finished(LAST, job.budget)


def _begin_student(
    student_steps: int, before: str, scale: float, prompts: Prompts, scenes: CaptionedLatents, job: Job, folder: Path
) -> Training:
    student, model = job.files.load_unet(before), job.files.load_unet(before)
    steps = progressive.halve(
        student,
        model,
        student_steps,
        prompts,
        scenes,
        job.budget,
        job.process,
        folder,
        guidance=scale,
        batch=job.batch,
    )
    return Training(steps, partial(save_unet, student, {"guidance": scale}))
