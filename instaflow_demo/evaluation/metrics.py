"""From what was seen in each image to figures with 95 % bootstrap intervals. Efron and Tibshirani 1993, chapter 13."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from ..results import Figure

RESAMPLES = 1000
DISTANCE_RESAMPLES = 100  # each needs the eigenvalues of a covariance
_STATES = ("real_features_sum", "real_features_cov_sum", "real_features_num_samples")


def mean(values: Tensor) -> Figure | None:
    """The mean of those of `values` (N,) that are numbers; None when there are none."""
    values = values[~values.isnan()].double()
    if not len(values):
        return None
    means = torch.stack([values[rows].mean() for rows in _resamples(len(values), RESAMPLES)])
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Figure(values.mean().item(), low, high, len(values))


def reference_sums(features: Tensor) -> dict[str, Tensor]:
    """What a Fréchet distance needs to know about the real images' features (N, D)."""
    metric = _frechet(features.shape[1])
    metric.update(features, real=True)
    return {name: getattr(metric, name) for name in _STATES}


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

    def distance(chosen: Tensor) -> Tensor:
        metric.reset()  # forgets the generated images alone
        metric.update(chosen, real=False)
        return metric.compute().double()

    value = distance(features)
    values = torch.stack([distance(features[rows]) for rows in _resamples(len(features), DISTANCE_RESAMPLES)])
    low, high = (value + torch.quantile(values - values.mean(), torch.tensor([0.025, 0.975]).double())).tolist()
    return Figure(value.item(), low, high, len(features))


def _frechet(width: int) -> FrechetInceptionDistance:
    """torchmetrics' distance on features that are already extracted, all of them by now in this process."""
    given = nn.Identity()
    given.num_features = width
    return FrechetInceptionDistance(feature=given, reset_real_features=False, sync_on_compute=False)


def _resamples(count: int, times: int) -> list[Tensor]:
    """Rows drawn with replacement, the same ones every time."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(count, (count,), generator=generator) for _ in range(times)]
