"""From what was seen in each image to figures with 95 % bootstrap intervals. Efron and Tibshirani 1993, chapter 13."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from ..measure import Figure

RESAMPLES = 1000
DISTANCE_RESAMPLES = 100  # each needs a covariance and its eigenvalues
_STATES = ("real_features_sum", "real_features_cov_sum", "real_features_num_samples")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Thousands of small operations: handing each out to threads takes longer than doing it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@_one_thread()
def mean(values: Tensor) -> Figure | None:
    """The mean of those of `values` (N,) that are numbers; None when there are none."""
    values = values[~values.isnan()].double()
    if not len(values):
        return None
    means = torch.stack([values[rows].mean() for rows in _resamples(len(values), RESAMPLES)])
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Figure(values.mean().item(), low, high, len(values))


def gradient_energy(images: Tensor) -> Tensor:
    """How sharp each of (B, C, H, W) is (B,): the mean absolute difference between neighbours, along both axes."""
    across, down = images.diff(dim=3), images.diff(dim=2)
    return (across.abs().mean((1, 2, 3)) + down.abs().mean((1, 2, 3))) / 2


def reference_sums(features: Tensor) -> dict[str, Tensor]:
    """What a Fréchet distance needs to know about the real images' features (N, D)."""
    metric = _frechet(features.shape[1])
    metric.update(features, real=True)
    return {name: getattr(metric, name) for name in _STATES}


@_one_thread()
def feature_distance(features: Tensor, reference: Mapping[str, Tensor]) -> Figure | None:
    """The Fréchet distance between features (N, D) and those that `reference` sums up. Heusel et al. 2017, eq. 6.

    Resampling repeats images, which raises the distance; so the interval is the resamples' spread, moved to the value.
    None for fewer than two images, which have no covariance.
    """
    if len(features) < 2:
        return None
    metric = _frechet(features.shape[1])
    for name in _STATES:
        getattr(metric, name).copy_(reference[name])
    metric.update(features, real=False)
    value = metric.compute().item()
    counts = (rows.bincount(minlength=len(features)) for rows in _resamples(len(features), DISTANCE_RESAMPLES))
    values = distances(features, reference, counts)
    low, high = (value + torch.quantile(values - values.mean(), torch.tensor([0.025, 0.975]).double())).tolist()
    return Figure(value, low, high, len(features))


def distances(features: Tensor, reference: Mapping[str, Tensor], counts: Iterable[Tensor]) -> Tensor:
    """The Fréchet distance where feature i of (N, D) occurs `count[i]` times, for each (N,) of `counts`.

    What torchmetrics computes, but many times as fast: the eigenvalues of a product of covariances S R are those of
    the symmetric L^T S L where R = L L^T, and that is the covariance of features times L.
    """
    total, products, number = (reference[name].double() for name in _STATES)
    mean = total / number
    real = (products - number * mean.outer(mean)) / (number - 1)
    values, vectors = torch.linalg.eigh(real)
    centred = features.double() - mean
    squares, turned = centred.square().sum(1), centred @ (vectors * values.clamp(min=0).sqrt())

    def distance(weights: Tensor) -> Tensor:
        drawn = weights.sum()
        shift, turned_shift = weights @ centred / drawn, weights @ turned / drawn
        spread = (weights @ squares - drawn * shift.square().sum()) / (drawn - 1)
        both = (turned.T @ (weights[:, None] * turned) - drawn * turned_shift.outer(turned_shift)) / (drawn - 1)
        roots = torch.linalg.eigvalsh(both).clamp(min=0).sqrt()
        return shift.square().sum() + spread + real.trace() - 2 * roots.sum()

    return torch.stack([distance(count.double()) for count in counts])


class _Given(nn.Identity):
    """Features (B, D) as they are, for a metric that would extract them."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width


def _frechet(width: int) -> FrechetInceptionDistance:
    """torchmetrics' distance on features that are already extracted, all of them by now in this process."""
    return FrechetInceptionDistance(feature=_Given(width), reset_real_features=False, sync_on_compute=False)


def _resamples(count: int, times: int) -> list[Tensor]:
    """Rows drawn with replacement, the same ones every time."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(count, (count,), generator=generator) for _ in range(times)]
