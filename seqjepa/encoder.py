"""The encoder f: residual networks from a view to one embedding (paper, section 3; He et al., 2016), or one's own."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EncoderKind(Protocol):
    """What makes encoders of one name, of any width."""

    def embedding_dim(self, width: int | None = None) -> int:
        """D for an encoder of this width; None is its own."""
        ...

    def make(self, width: int | None = None) -> nn.Module:
        """A freshly initialised encoder: normalised views (N, 3, H, W), for any H and W, to embeddings (N, D).

        Embeddings have the dtype of the views, and a row is the same in any batch when the encoder is in eval mode.
        """
        ...


@dataclass(frozen=True)
class Architecture:
    """Shape of a residual network: its first convolution, its stages, and the channels of the first one."""

    stem_kernel: int
    stem_stride: int
    stem_pooling: bool
    blocks: tuple[int, ...]
    width: int

    def embedding_dim(self, width: int | None = None) -> int:
        """Width D of the embedding: the channels double from stage to stage."""
        return (width or self.width) * 2 ** (len(self.blocks) - 1)

    def make(self, width: int | None = None) -> "ResNet":
        """The network, freshly initialised."""
        return ResNet(self, width)


ENCODERS: dict[str, EncoderKind] = {
    "resnet18": Architecture(stem_kernel=7, stem_stride=2, stem_pooling=True, blocks=(2, 2, 2, 2), width=64),
    "resnet18-cifar": Architecture(stem_kernel=3, stem_stride=1, stem_pooling=False, blocks=(2, 2, 2, 2), width=64),
    "small": Architecture(stem_kernel=3, stem_stride=2, stem_pooling=False, blocks=(1, 1, 1), width=32),
}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation, and a shortcut around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)).add_(shortcut), inplace=True)


class ResNet(nn.Module):
    """Residual network without a head: normalised views (N, 3, H, W) to embeddings (N, D), for any H and W.

    With the architecture "resnet18" the parameters have the names, shapes and initialisation of torchvision's
    `resnet18(zero_init_residual=True)` without its `fc`.
    """

    def __init__(self, architecture: Architecture, width: int | None = None) -> None:
        super().__init__()
        width = width or architecture.width
        kernel, stride = architecture.stem_kernel, architecture.stem_stride
        self.conv1 = nn.Conv2d(3, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if architecture.stem_pooling else nn.Identity()
        self.stages: list[str] = []
        inputs = width
        for stage, blocks in enumerate(architecture.blocks):
            outputs = width * 2**stage
            layers = [
                BasicBlock(outputs if block else inputs, outputs, 2 if stage and not block else 1)
                for block in range(blocks)
            ]
            self.stages.append(f"layer{stage + 1}")
            self.add_module(self.stages[-1], nn.Sequential(*layers))
            inputs = outputs
        self._initialise()
        self.to(memory_format=torch.channels_last)  # a sixth faster, on CPUs too  # pyright: ignore[reportCallIssue]

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, BasicBlock):
                nn.init.zeros_(module.bn2.weight)  # every block starts as its shortcut

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(F.relu(self.bn1(self.conv1(x)), inplace=True))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return x.mean((2, 3))


def make_encoder(name: str, width: int | None = None) -> nn.Module:
    """The encoder called `name` in `ENCODERS`, with `width` channels in its first stage (None: its own)."""
    return ENCODERS[name].make(width)


def register_encoder(name: str, kind: EncoderKind) -> None:
    """Make an encoder of one's own known by a name, as configurations and checkpoints hold it.

    Whoever loads such a checkpoint must have registered the encoder before. An `Architecture` is a kind of its own:
    another residual network needs no class.

    Raises:
        ValueError: for a name that is taken.
        TypeError: for a kind without `make` or `embedding_dim`.
    """
    if name in ENCODERS:
        raise ValueError(f"encoder {name!r} is registered already; choose another name than {', '.join(ENCODERS)}")
    if not (callable(getattr(kind, "make", None)) and callable(getattr(kind, "embedding_dim", None))):
        raise TypeError(f"encoder {name!r}: {kind!r} has no methods make(width) and embedding_dim(width)")
    ENCODERS[name] = kind
