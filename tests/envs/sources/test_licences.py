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
    assert licence_of(str(data_folder / "images" / "caltech20")) == "unknown: ask its owner"
