"""DeepGaze IIE, a deep network (Linardos, Kümmerer, Press & Bethge, "DeepGaze IIE", ICCV 2021), as its authors ship it.

It is no part of this package: install theirs, https://github.com/matthias-k/DeepGaze, and have its weights in the cache
of `torch.hub` or let them be downloaded. They are pickled files, which their package reads: have them from no one else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
import torch.hub
from torch import Tensor, nn
from torch.nn import functional

from .model import SaliencyModel

SITE = "https://github.com/matthias-k/DeepGaze"
CENTRE_BIAS = "centerbias_mit1003.npy"
CENTRE_BIAS_URL = f"{SITE}/releases/download/v1.0.0/{CENTRE_BIAS}"
_BATCH = 4


class DeepGaze(SaliencyModel):
    """The density of fixations that DeepGaze IIE predicts; it moves to the device of the pictures that it is given.

    Args:
        centre_bias: where people look whatever a picture shows, which the network adds to: the path of a log density in
            an .npy file, (h, w) real, or a model such as `CentreBias`; that of the data set MIT1003, as published with
            the network, when left out. A file is brought to the size of a picture by the nearest neighbour.
        side: the longer side that pictures are brought to before (bilinear), in pixels; None leaves them as they are.
            The network was trained on pictures of 1024.
        official: feed pictures in [0, 1] and not in [0, 255], which is the scale that the network takes: it sees them
            almost black. The published maps of seq-JEPA were made so, at a side of 512 for STL-10.
        download: fetch what is not in the cache of `torch.hub` over the network.

    Raises:
        ImportError: without the package `deepgaze_pytorch`.
        FileNotFoundError: for a centre bias that is not there, or weights that are not and may not be downloaded.
        ValueError: for a centre bias that is no log density, or a side below 32.
        TypeError: for `official` or `download` that is neither True nor False.
    """

    def __init__(
        self,
        *,
        centre_bias: str | Path | SaliencyModel | None = None,
        side: int | None = 512,
        official: bool = False,
        download: bool = False,
    ):
        for name, value in (("official", official), ("download", download)):
            if not isinstance(value, bool):
                raise TypeError(f"{name}={value!r} is neither True nor False; use one of them")
        if side is not None and side < 32:
            raise ValueError(f"side={side} is too small for the network; use at least 32, or None for that of pictures")
        self._side = side
        self._white = 1 if official else 255
        package = _package()
        if isinstance(centre_bias, SaliencyModel):
            self._centre_bias: Tensor | SaliencyModel = centre_bias
        else:
            self._centre_bias = _read_log_density(_published(download) if centre_bias is None else Path(centre_bias))
        self._network: nn.Module = _network(package, download)

    def _score(self, pictures: Tensor) -> Tensor:
        self._network.to(pictures.device)
        return torch.cat([self._densities(part) for part in pictures.split(_BATCH)])

    def _densities(self, pictures: Tensor) -> Tensor:
        size = pictures.shape[1:3]
        scale = 1 if self._side is None else self._side / max(size)
        working = [round(side * scale) for side in size]
        images = pictures.permute(0, 3, 1, 2).float()
        images = functional.interpolate(images, size=working, mode="bilinear", antialias=True) * (self._white / 255)
        bias = self._log_bias(working, pictures.device).expand(len(pictures), -1, -1)
        log_densities = functional.interpolate(self._network(images, bias), size=size, mode="bilinear")[:, 0]
        return torch.exp(log_densities - log_densities.amax(dim=(1, 2), keepdim=True))

    def _log_bias(self, size: list[int], device: torch.device) -> Tensor:
        """The centre bias for pictures of a size: (1, h, w) float32, a log density."""
        if isinstance(self._centre_bias, SaliencyModel):
            blank = torch.zeros(1, *size, 3, dtype=torch.uint8, device=device)
            return self._centre_bias(blank).clamp(min=torch.finfo(torch.float32).tiny).log()
        bias = self._centre_bias.to(device)
        for axis, length in enumerate(size):
            nearest = torch.linspace(0, bias.shape[axis] - 1, length, device=device).round().long()
            bias = bias.index_select(axis, nearest)
        return (bias - bias.logsumexp(dim=(0, 1)))[None]


def _package() -> Any:
    try:
        import deepgaze_pytorch  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f"the saliency model 'deepgaze' runs the package deepgaze_pytorch, which cannot be imported ({error}): "
            f"install it with `pip install git+{SITE}`"
        ) from error
    return deepgaze_pytorch


def _network(package: Any, download: bool) -> nn.Module:
    if download:
        network = package.DeepGazeIIE(pretrained=True)
    else:
        with _without_downloads():
            network = package.DeepGazeIIE(pretrained=True)
    network.eval()
    return network


@contextmanager
def _without_downloads() -> Iterator[None]:
    """Make `torch.hub` fail where it would open an address: the package asks it for the weights of five networks."""

    def refuse(request: Any, *_: Any, **__: Any) -> NoReturn:
        address = getattr(request, "full_url", request)
        raise FileNotFoundError(
            f"DeepGaze IIE needs {address}, which is not in {torch.hub.get_dir()}: allow it to be fetched with "
            "download=True, or make the model with it once on a machine with a network and copy that folder from there"
        )

    hub: Any = torch.hub
    opening, hub.urlopen = hub.urlopen, refuse
    try:
        yield
    finally:
        hub.urlopen = opening


def _published(download: bool) -> Path:
    """The file of the published centre bias, in the cache of `torch.hub`."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / CENTRE_BIAS
    if not path.exists():
        if not download:
            raise FileNotFoundError(
                f"DeepGaze IIE needs a centre bias and {path} is not there: put {CENTRE_BIAS_URL} there, allow it to "
                "be fetched with download=True, or give centre_bias= another file or a model such as CentreBias()"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(CENTRE_BIAS_URL, str(path), progress=False)
    return path


def _read_log_density(path: Path) -> Tensor:
    if not path.exists():
        raise FileNotFoundError(f"centre_bias={str(path)!r} does not exist; the published one is {CENTRE_BIAS_URL}")
    try:
        values = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged header can raise anything
        raise ValueError(f"centre_bias={str(path)!r} is no .npy file of numbers, or damaged") from error
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"centre_bias={str(path)!r} is no log density: (h, w) finite numbers, not {values.shape}")
    return torch.from_numpy(values.astype(np.float32))
