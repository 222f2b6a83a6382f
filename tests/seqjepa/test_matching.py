import pytest
from saccadeworld.envs.sources.banks import MeshSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.seqjepa.evaluation import check_classes
from saccadeworld.seqjepa.initial_model import initial_model
from saccadeworld.seqjepa.matching import check_match, check_optics
from saccadeworld.seqjepa.methods import load_model, make_model
from saccadeworld.seqjepa.training_config import TrainingConfig

TINY = {"encoder": "small", "encoder_width": 2, "action_embedding_dim": 4, "layers": 1}


def test_a_model_fits_the_world_it_was_made_for(world: World, tmp_path):
    model = initial_model("seq-jepa", world, TrainingConfig(), **TINY)
    model.save(tmp_path / "model")
    for each in (model, load_model(tmp_path / "model")):
        check_optics(each, world)


def test_other_views_are_refused(images_world: ImagesWorld):
    model = initial_model("seq-jepa", images_world, TrainingConfig(), **TINY)
    pictures = images_world.made_of
    for options in ({"fovea": 14}, {"fovea": 12, "retina": "pyramid"}, {"fovea": 12, "subpixel": True}):
        with pytest.raises(ValueError, match=r"trained on images, views of 12 x 12 pixels through 'crop', fovea 12"):
            check_optics(model, ImagesWorld(pictures, **options))
    check_optics(model, ImagesWorld(pictures, fovea=12, max_saccade=0.5, saliency="itti-koch"))


def test_another_stage_is_another_view(meshes: MeshSet):
    model = initial_model("seq-jepa", ObjectsWorld(meshes, size=12, stage="setup"), TrainingConfig(), **TINY)
    with pytest.raises(ValueError, match=r"on the stage of the setup, the world shows .* on the stage of the scene"):
        check_optics(model, ObjectsWorld(meshes, size=12))


def test_who_does_not_know_is_not_asked(world: World):
    check_optics(make_model("seq-jepa", world.action_dim, **TINY), world)


def test_other_actions_are_refused(world: World):
    with pytest.raises(ValueError, match=f"actions of {world.action_dim + 1} numbers"):
        check_match(make_model("seq-jepa", world.action_dim + 1, **TINY), world)
    with pytest.raises(ValueError, match=f"actions of {world.action_dim + 1} numbers"):
        check_optics(make_model("seq-jepa", world.action_dim + 1, **TINY), world)
    check_match(make_model("simclr", world.action_dim + 1, encoder="small"), world)


def test_names_and_paths_are_no_models_and_worlds(world: World):
    with pytest.raises(TypeError, match="'runs/model' is no model: make one, or load one by load_model"):
        check_match("runs/model", world)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="'images' is no world: make one by make_world"):
        check_match(make_model("seq-jepa", 2, **TINY), "images")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="None is no world: make one by make_world"):
        check_classes(world, None)  # pyright: ignore[reportArgumentType]
