import pytest
from saccadeworld.envs.sources import MESH_SETS, PICTURE_SETS
from saccadeworld.envs.sources.licences import licence_of


@pytest.mark.parametrize("source", [None, "scenes", "shapes"])
def test_what_is_built_in_is_the_projects(source):
    assert licence_of(source).startswith("MIT")


def test_a_folder_is_quoted_the_licence_first(tmp_path):
    assert licence_of(str(tmp_path)) == "unknown: ask its owner"
    (tmp_path / "ReadMe.md").write_text("Pictures of mine.\n")
    (tmp_path / "class").mkdir()
    assert licence_of(str(tmp_path)) == "as its ReadMe.md says: Pictures of mine."
    (tmp_path / "License.txt").write_text("CC0 1.0 Universal")
    assert licence_of(str(tmp_path)) == "as its License.txt says: CC0 1.0 Universal"
    (tmp_path / "License.txt").write_bytes(b"\xff" * 5000)
    assert licence_of(str(tmp_path)).endswith("\ufffd [...]")
    assert len(licence_of(str(tmp_path))) < 4100


def test_licences_of_single_objects_are_counted_and_one_is_quoted(tmp_path):
    for name in ("chair/one", "chair/two", "license_plate"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "license_plate" / "license_plate_1.jpg").write_bytes(b"no text")
    assert licence_of(str(tmp_path)) == "unknown: ask its owner"
    (tmp_path / "chair" / "two" / "BLENDSWAP_LICENSE.txt").write_text("CC-BY")
    (tmp_path / "chair" / "one" / "Licence").write_text("CC0")
    told = "as the 2 licence files in it say, each of what lies beside it; chair/one/Licence says: CC0"
    assert licence_of(str(tmp_path)) == told
    (tmp_path / "LICENSE").write_text("all of it")
    assert licence_of(str(tmp_path)) == "as its LICENSE says: all of it"


def test_a_part_of_a_data_set_has_the_licence_that_lies_one_folder_up(tmp_path, monkeypatch):
    (tmp_path / "set" / "train" / "ant").mkdir(parents=True)
    (tmp_path / "LICENSE").write_text("of something else")
    (tmp_path / "set" / "README.md").write_text("about anything")
    train, inside = str(tmp_path / "set" / "train"), str(tmp_path / "set" / "train" / "ant")
    assert licence_of(train) == "unknown: ask its owner"
    secret = tmp_path / "secret"
    secret.write_text("a key")
    (tmp_path / "set" / "COPYING").symlink_to(secret)
    assert licence_of(train) == "unknown: ask its owner"
    (tmp_path / "set" / "LICENSE.txt").write_text("MIT")
    told = "as LICENSE.txt says, which lies in the folder above: MIT"
    monkeypatch.chdir(tmp_path / "set")
    sources = (train, "train", f"stl10:{train}", f"shards:{train}/a-{{00..10}}.tar")
    assert [licence_of(source) for source in sources] == [told] * 4
    assert licence_of(inside) == "unknown: ask its owner", "two folders up"
    (tmp_path / "linked").symlink_to(train)
    assert licence_of(str(tmp_path / "linked")) == told, "of where it is"
    monkeypatch.setenv("HOME", str(tmp_path / "set"))
    assert licence_of("~/train") == "unknown: ask its owner", "a home folder holds other things, too"


def test_a_data_set_is_what_its_publisher_says_or_what_lies_beside_it(tmp_path):
    assert "non-commercial research" in licence_of(f"imagenet:{tmp_path}")
    assert licence_of(f"stl10:{tmp_path}") == "unknown: ask its owner"
    (tmp_path / "LICENSE").write_text("as you like")
    assert licence_of(f"cifar100:{tmp_path}") == "as its LICENSE says: as you like"


def test_every_source_has_an_answer(tmp_path):
    for name in (*PICTURE_SETS, *MESH_SETS, "3diebench", "bank"):
        assert licence_of(f"{name}:{tmp_path / 'nowhere'}")


def test_the_data_folder_says_what_its_licence_says(data_folder):
    assert "CC0 1.0 Universal" in licence_of(str(data_folder / "meshes" / "quaternius_cc0"))
    assert "13 licence files" in licence_of(str(data_folder / "meshes" / "sweethome3d_cc0"))
    assert "MIT License" in licence_of(str(data_folder / "fixations" / "osie60" / "stimuli"))
    assert licence_of(str(data_folder / "images" / "caltech20")) == "unknown: ask its owner"
