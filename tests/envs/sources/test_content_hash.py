from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.sources.banks import MeshSet, PictureSet, ViewSet
from saccadeworld.envs.sources.content_hash import ContentHash
from saccadeworld.envs.sources.shapes import make_shapes


def changed(tensor: torch.Tensor) -> torch.Tensor:
    """The least change: one number, by one."""
    other = tensor.clone()
    other.view(-1)[-1] += 1
    return other


def test_pictures_have_the_same_only_if_all_is_the_same(pictures: PictureSet):
    extras = {"latents": torch.zeros(6, 2)}
    same = replace(pictures, pictures=pictures.pictures.clone(), place="elsewhere", names=tuple("abcdef"))
    assert same.content_hash == pictures.content_hash
    others = [
        replace(pictures, pictures=changed(pictures.pictures)),
        replace(pictures, pictures=pictures.pictures[:, :39, :39]),
        replace(pictures, labels=changed(pictures.labels)),
        replace(pictures, classes=("ant", "bee", "cats")),
        replace(pictures, extras=extras),
        replace(pictures, extras={"latents": changed(extras["latents"])}),
        replace(pictures, extras={"objects": extras["latents"]}),
    ]
    assert len({pictures.content_hash, *(other.content_hash for other in others)}) == 1 + len(others)


def test_stored_views_differ_in_their_latents(pictures: PictureSet):
    latents, objects = torch.zeros(6, 7), torch.tensor([0, 0, 0, 1, 1, 2])
    first, second = (
        ViewSet.of(replace(pictures, extras={"latents": x, "objects": objects})) for x in (latents, changed(latents))
    )
    assert first.content_hash != second.content_hash


@pytest.mark.parametrize("part", ["vertices", "faces", "normals", "colours", "uvs", "texture_ids", "textures"])
def test_meshes_differ_in_every_part(part: str):
    (mesh,) = make_shapes("train", 1).meshes
    mesh = replace(mesh, textures=(np.zeros((2, 2, 3), np.uint8),))
    value = getattr(mesh, part)
    other = (changed(torch.tensor(value[0])).numpy(),) if part == "textures" else changed(torch.tensor(value)).numpy()
    labels = torch.zeros(1, dtype=torch.int64)
    sets = [MeshSet((m,), labels, ("cube",), ("a",)) for m in (mesh, replace(mesh), replace(mesh, **{part: other}))]
    first, same, changed_one = (meshes.content_hash for meshes in sets)
    assert first == same != changed_one


def test_arrays_of_equal_bytes_but_another_shape_or_type_differ():
    def of(*arrays: np.ndarray) -> str:
        content = ContentHash()
        for array in arrays:
            content.add(array)
        return content.text

    zeros = np.zeros(4, np.int32)
    assert len({of(zeros), of(zeros.reshape(2, 2)), of(zeros.view(np.float32)), of(zeros[:2], zeros[2:])}) == 4
    assert of(np.arange(6).reshape(2, 3).T) == of(np.ascontiguousarray(np.arange(6).reshape(2, 3).T))


def test_worlds_over_the_same_scenes_agree(tmp_path: Path):
    folder = tmp_path / "pictures"
    for i, name in enumerate(("cat/1", "cat/2", "dog/1", "dog/2", "dog/3")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.png")
    plain = make_world("images", folder, split="train", size=32, fovea=8)
    other = make_world("augmentations", folder, split="train", size=32)
    assert plain.data_hash == other.data_hash != make_world("images", folder, split="test", size=32, fovea=8).data_hash
    assert plain.data_hash.startswith("sha256:")
