"""A world and a model so small that a training step takes milliseconds."""

import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.seqjepa import SeqJEPA

CLASSES = ("red", "green", "blue")


def tiny_pictures(count: int = 12, side: int = 16, seed: int = 0) -> PictureSet:
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)
    return PictureSet(pictures, torch.arange(count) % len(CLASSES), CLASSES)


def tiny_world(seed: int = 0, **options) -> ImagesWorld:
    return ImagesWorld(tiny_pictures(seed=seed), **{"fovea": 8} | options)


def tiny_model(seed: int = 0, action_dim: int = 2, **options) -> SeqJEPA:
    torch.manual_seed(seed)
    small = {"encoder_width": 4, "action_embedding_dim": 8, "layers": 1, "heads": 2, "predictor_hidden": 16}
    return SeqJEPA(action_dim, "small", **small | options)
