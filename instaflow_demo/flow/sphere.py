"""Between two samples of Gaussian noise: along the sphere that both of them lie on."""

import torch
from torch import Tensor

_PARALLEL = 0.9995  # cosine, beyond which arc and chord are one and the same


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b, where w is the angle between a and b: spherical interpolation.

    `a` and `b` are (B, ...), `t` is (B,); the ends are `a` and `b` to the bit. Shoemake 1985, "Animating Rotation with
    Quaternion Curves"; White 2016 (arXiv:1609.04468) for the noise of generative networks. Noise of d elements lies
    near a sphere of radius sqrt(d); halfway along the chord it would be shorter by sqrt(2), which no network has seen.
    """
    from_a, to_b = a.double().flatten(1), b.double().flatten(1)
    cosine = torch.nn.functional.cosine_similarity(from_a, to_b)
    angle, t = cosine.clamp(-1, 1).acos(), t.to(from_a)
    straight = cosine.abs() > _PARALLEL
    of_a = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / angle.sin())
    of_b = torch.where(straight, t, (t * angle).sin() / angle.sin())
    return (of_a[:, None] * from_a + of_b[:, None] * to_b).view_as(a).to(a.dtype)
