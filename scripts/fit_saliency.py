"""Fit the weights of the combined saliency model to human fixations, and measure what each channel brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..envs.progress import progress
from ..envs.sources.picture_files import FORMATS, read_whole
from ..saliency.fixations import Fixations
from ..saliency.metrics import fixation_counts, information_gain, nss
from ..saliency.models.centre_bias import CentreBias
from ..saliency.models.combined import PLACES, WEIGHTS, density, features
from ..saliency.osie import load_osie
from .command import run_command
from .picture_folder import PictureFolder
from .results import prepare_folder, write_metrics
from .scores import with_spread

_ITERATIONS = 50


@dataclass(frozen=True)
class FitSaliency:
    """Refit the combined saliency model, with figures on pictures that the weights were not fitted to.

    Prints a table of the whole model, of the model without each channel and of each channel alone, all with the
    preference for the middle: normalised scanpath saliency (NSS) and the bits per fixation gained over the centre bias
    of the other pictures, as means and standard deviations over pictures; and the weights fitted to all pictures.

    For example: python -m saccadeworld.scripts.fit_saliency --images osie/stimuli --fixations osie/fixations.json

    Attributes:
        images: the folder of the pictures.
        fixations: the fixations on them, a JSON file in OSIE's form (see saliency/osie.py).
        folds: in how many parts the pictures are split; each is predicted by weights fitted to the others.
        seed: of the split.
        device: "cpu" or "cuda".
        out: the folder for metrics.json; none is written unless it is given.
    """

    images: Path
    fixations: Path
    folds: int = 10
    seed: int = 0
    device: str = "cpu"
    out: Path | None = None

    def run(self) -> None:
        if self.out:
            prepare_folder(self.out)
        fixations = load_osie(self.fixations)
        if not 2 <= self.folds <= len(fixations):
            raise ValueError(f"--folds {self.folds}: give 2 to {len(fixations)}, the number of pictures")
        _check_pictures(self.images, fixations)
        data = Data(self.images, fixations, self.device)
        metrics = self._table(data)
        weights = dict(zip(WEIGHTS, fit(data, range(len(data)), list(WEIGHTS)).tolist(), strict=True))
        print("\nweights fitted to all pictures:")
        for name, weight in weights.items():
            print(f"  {name:<16} {weight:+.3f}")
        if self.out:
            used = PictureFolder(self.images, tuple(fixations.names), None, ())
            hashes = {"images": used.content_hash}
            write_metrics(self.out, metrics, self.seed, asdict(self), data=hashes, weights=weights)

    def _table(self, data: Data) -> dict[str, float]:
        channels = [name for name in WEIGHTS if name not in PLACES]
        rows = {"all": list(WEIGHTS)}
        rows |= {f"without {name}": [other for other in WEIGHTS if other != name] for name in channels}
        rows |= {f"{name} alone": [name, *PLACES] for name in channels}
        rows["places alone"] = list(PLACES)
        print(f"{'':<24}{'NSS':>15}{'bits':>17}   (mean ± standard deviation over {len(data)} pictures)")
        metrics = {}
        for row, names in rows.items():
            scores = cross_validate(data, names, self.folds, self.seed)
            for score, values in scores.items():
                metrics[f"{row}/{score}"] = float(values.mean())
                metrics[f"{row}/{score}_std"] = float(values.std())
            print(f"{row:<24}" + "".join(f"{with_spread(v.tolist()):>16} " for v in scores.values()))
        return metrics


class Data:
    """Pictures as features, and where they were fixated.

    Attributes:
        features: of each picture, (1, K, h, w).
        targets: of each picture, the mean of its features over fixations, (K,).
        counts: of each picture, fixations on its pixels, (H, W).
        biases: of each picture, the density of fixations on the other pictures, (H, W).
    """

    def __init__(self, folder: Path, fixations: Fixations, device: str):
        self.features: list[Tensor] = []
        self.targets: list[Tensor] = []
        self.counts: list[Tensor] = []
        self.biases: list[Tensor] = []
        for i, (name, (width, height)) in enumerate(
            zip(progress(fixations.names, "reading pictures"), fixations.sizes, strict=True)
        ):
            picture = _read(folder / name).to(device)
            path = fixations.pooled(i)
            maps = features(picture)
            coarse = fixations.resized((maps.shape[3], maps.shape[2])).pooled(i).pixels()
            rows, cols = torch.from_numpy(coarse).to(device).unbind(1)
            self.features.append(maps)
            self.targets.append(maps[0, :, rows, cols].mean(dim=1))
            self.counts.append(fixation_counts(torch.from_numpy(path.pixels()).to(device), height, width))
            places = fixations.elsewhere(i).places((width, height))
            bias = CentreBias.from_fixations(torch.from_numpy(places) + 0.5 / torch.tensor([height, width]))
            self.biases.append(bias(picture)[0])

    def __len__(self) -> int:
        return len(self.features)


def fit(data: Data, pictures: Sequence[int], names: Sequence[str]) -> Tensor:
    """The weights under which fixations on these pictures are most probable, on average over pictures.

    Args:
        data: pictures and fixations.
        pictures: which of them.
        names: of the features that may be used; the weights of the others are 0.

    Returns:
        (K,) float32.
    """
    used = [list(WEIGHTS).index(name) for name in names]
    flat = [data.features[i][0, used].flatten(1).T for i in pictures]
    maps = pad_sequence(flat, batch_first=True)
    lengths = torch.tensor([len(pixels) for pixels in flat], device=maps.device)
    outside = torch.arange(maps.shape[1], device=maps.device) >= lengths[:, None]
    target = torch.stack([data.targets[i][used] for i in pictures]).mean(dim=0)
    weights = torch.zeros(len(used), device=maps.device, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        optimiser.zero_grad()
        logarithms = (maps @ weights).masked_fill(outside, -torch.inf)
        loss = logarithms.logsumexp(dim=1).mean() - target @ weights
        loss.backward()
        return loss

    optimiser.step(surprise)  # pyright: ignore[reportArgumentType] its closure returns a tensor
    return torch.zeros(len(WEIGHTS), device=maps.device).index_copy(
        0, torch.tensor(used, device=maps.device), weights.detach()
    )


def cross_validate(data: Data, names: Sequence[str], folds: int, seed: int) -> dict[str, Tensor]:
    """Scores of every picture, predicted by weights fitted to the other folds. {"nss": (N,), "bits": (N,)} float64."""
    order = np.random.default_rng(seed).permutation(len(data))
    scores = {score: torch.empty(len(data), dtype=torch.float64) for score in ("nss", "bits")}
    for held_out in np.array_split(order, folds):
        weights = fit(data, [int(i) for i in order if i not in held_out], names)
        for i in held_out.tolist():
            height, width = data.counts[i].shape
            prediction = density(data.features[i], weights, height, width)[0]
            scores["nss"][i] = nss(prediction, data.counts[i])
            scores["bits"][i] = information_gain(prediction, data.counts[i], data.biases[i])
    return scores


def _check_pictures(folder: Path, fixations: Fixations) -> None:
    """Refuse a picture that is missing, or that has another size than its fixations."""
    for name, size in zip(fixations.names, fixations.sizes, strict=True):
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"no picture {path}, which there are fixations on; give its folder as --images")
        with Image.open(path, formats=FORMATS) as picture:
            if picture.size != size:
                found, expected = ("{} x {}".format(*pixels) for pixels in (picture.size, size))
                raise ValueError(
                    f"{path} has {found} pixels, its fixations {expected}; give the pictures observers saw"
                )


def _read(path: Path) -> Tensor:
    """A picture, (1, H, W, 3) uint8."""
    return torch.from_numpy(read_whole(path).copy())[None]


def main() -> None:
    run_command(FitSaliency)


if __name__ == "__main__":
    main()
