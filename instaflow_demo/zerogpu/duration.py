"""How long a call on a shared GPU may take, in seconds that are charged to its visitor: estimated before it is made.

Too much is refused to visitors whose quota would be enough, and what takes longer than was asked for is ended.
"""

import math
from collections.abc import Iterable

from ..engines.pool import Job

LONGEST_S = 300
# An H100 was measured at 0.027 s for a step of Stable Diffusion at 512 pixels, 0.034 s for decoding it, and 0.046 s for
# a step of Text2im, whose steps of eight images take five times as long. A GPU that is lent may be half of an H200.
_SPARE = 2.0
_STEP_S = {("published", "latent"): 0.03, ("published", "text2im"): 0.05}
_SHIPPED_STEP_S = 0.015
_DECODE_S = 0.05
_PIXELS = 512**2  # of the images that these are for
_REFINE_S = 1.5  # an image
# the driver, the first pass through each kernel: 4.2 s on an H100
_COLD_S = 6.0
_SURPRISE_S = 5.0  # for a process that was thought to be there and is not
_LOAD_S = 5.0  # a model that is not among those that were placed, and the refiner
_PATH = 4.0  # recording a path, and drawing it in fewer steps, in times of a plain run


def estimate_s(jobs: Iterable[Job], *, cold_bytes: int = 0, cold: bool, path: bool = False) -> int:
    """The seconds to ask for: for these jobs one after another, each with everything that it loads.

    A `cold` process has to be made and given `cold_bytes` of weights first.
    """
    work = sum(_job_s(job) for job in jobs) * (_PATH if path else 1.0)
    start = _COLD_S + cold_bytes / 1e9 if cold else _SURPRISE_S
    return min(LONGEST_S, math.ceil(1 + start + _SPARE * work))


def _job_s(job: Job) -> float:
    """One job, on a GPU that is ready for it."""
    request, run = job.request, job.run
    step = _STEP_S.get((run.model.family, run.model.kind), _SHIPPED_STEP_S)
    scale = max(1.0, run.size**2 / _PIXELS)
    drawn = request.images * (run.all_steps * step * scale + _DECODE_S * scale)
    merged = _LOAD_S if request.loras or request.delta_from else 0.0
    return drawn + merged + (_LOAD_S + _REFINE_S * request.images if request.refine else 0.0)
