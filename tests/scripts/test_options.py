import numpy as np
import pytest
from PIL import Image
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.scripts.options import WorldOptions


def test_options_of_the_world_are_read_as_numbers_and_names():
    options = {"count": "5", "size": "40", "fovea": "8", "motor_noise": "0.25", "border": "free", "subpixel": "True"}
    world = WorldOptions(options=options).make("train", "cpu")
    assert isinstance(world, ImagesWorld)
    assert (len(world), world.side, world.fovea, world.motor_noise) == (5, 40, 8, 0.25)
    assert (world.options["border"], world.options["subpixel"]) == ("free", True)


def test_a_bank_is_made_once_and_used_afterwards(tmp_path):
    (tmp_path / "pictures" / "ant").mkdir(parents=True)
    for index in range(4):
        grey = np.full((24, 24, 3), 60 * index, np.uint8)
        Image.fromarray(grey).save(tmp_path / "pictures" / "ant" / f"{index}.png")
    options = WorldOptions(
        source=str(tmp_path / "pictures"), bank=str(tmp_path / "banks"), options={"size": "24", "fovea": "8"}
    )
    first = options.make("train", "cpu")
    assert list((tmp_path / "banks").rglob("*"))
    again = options.make("train", "cpu")
    assert np.array_equal(first.pictures.numpy(), again.pictures.numpy())


def test_a_download_is_asked_for_by_name_only(tmp_path):
    source = f"imagenet:{tmp_path / 'nowhere'}"  # the one that cannot be fetched says so
    with pytest.raises(ValueError, match="download=True is not for ImageNet"):
        WorldOptions(source=source, download=True).make("train", "cpu")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        WorldOptions(source=source).make("train", "cpu")


def test_what_the_command_chooses_is_no_option_of_the_world():
    with pytest.raises(ValueError, match=r"'download' is none of --world\.options"):
        WorldOptions(options={"download": "true"}).make("train", "cpu")
