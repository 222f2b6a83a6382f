import numpy as np
import pytest
from PIL import Image
from saccadeworld.envs.worlds import ImagesWorld, World, make_world
from saccadeworld.scripts import options as module
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


def test_what_will_be_done_is_tried_with_one_scene_first(tmp_path):
    tried: list[World] = []
    world = WorldOptions(options={"count": "5", "size": "40", "fovea": "8"}).make("test", "cpu", tried.append)
    assert [(len(scene), scene.side, scene.view_shape, scene.classes) for scene in tried] == [
        (1, 40, (3, 8, 8), world.classes)
    ]
    assert len(world) == 5
    np.save(tmp_path / "maps.npy", np.ones((5, 40, 40), np.float32))
    maps = {"count": "5", "size": "40", "fovea": "8", "saliency": str(tmp_path / "maps.npy")}
    assert len(WorldOptions(options=maps).make("test", "cpu", tried.append)) == 5, "maps of all are none of one"
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ("film --gif a.gif --collector nowhere", "--collector nowhere"),
        ("film --gif a.gif --world.name objects --world.options size 0", "size=0 is out of range"),
        (
            "record --out out --task search --task-options speed 3",
            "made already has no option 'speed'",
        ),
        ("record --out out --world.options border fee", "border='fee' is not known"),
        ("play --port 0 --agent nowhere", "nowhere"),
        ("play --port 0 --world.options fovea 0", "fovea=0"),
        ("train-agent --out out --task-options speed 3", "has no option 'speed'"),
        ("train-agent --out out --algo dqn --task path-integration", "'dqn' cannot choose"),
        ("train-agent --out out --reward evidence", "is measured by a model"),
        ("glimpses --out out --model MODEL --agents nowhere", "nowhere"),
        ("glimpses --out out --model MODEL --policies best", "--policies='best'"),
        ("search --out out --model MODEL --agents nowhere", "nowhere"),
        ("search --out out --model MODEL --world.name objects", "actions of 2 numbers"),
    ],
)
def test_mistakes_are_told_before_all_scenes_are_made(
    saccadeworld, tmp_path, monkeypatch, model, options: str, match: str
):
    def make_one(*arguments, **options):
        assert options["count"] == 1
        return make_world(*arguments, **options)

    monkeypatch.setattr(module, "make_world", make_one)
    monkeypatch.chdir(tmp_path)
    result = saccadeworld(options.replace("MODEL", str(model)))
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), result.err
    assert match in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
