"""Checkpoints: round trip bit for bit, whole or not at all, and clear words about what is wrong."""

import json
import os
import shutil

import pytest
import torch
from saccadeworld.seqjepa import SeqJEPA, SeqJEPAConfig
from saccadeworld.seqjepa import checkpoint as checkpoints
from safetensors.torch import load_file, save_file


def make_model(seed: int = 0, **options) -> SeqJEPA:
    torch.manual_seed(seed)
    return SeqJEPA(2, "small", encoder_width=8, layers=1, predictor_hidden=16, **options)


def states_equal(a: SeqJEPA, b: SeqJEPA) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target": "stop-gradient", "conditioning": "none"},
        {"mean": (0.1, 0.2, 0.3), "std": (0.9, 0.8, 0.7), "prediction": "prefixes", "regulariser_weight": 0.1},
        {"compatibility": "official", "dropout": 0.0, "action_embedding_dim": 64, "heads": 2},
    ],
)
def test_round_trip(tmp_path, options):
    model = make_model(**options)
    model.save(tmp_path / "new" / "run" / "model")
    loaded = SeqJEPA.load(tmp_path / "new" / "run" / "model")
    assert loaded.config == model.config
    assert states_equal(loaded, model)
    assert not loaded.training
    views = torch.randint(0, 256, (2, 3, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(loaded.encode(views), model.eval().encode(views))
    assert [entry.name for entry in (tmp_path / "new" / "run").iterdir()] == ["model"]


def test_channels_last_weights_survive(tmp_path):
    model = make_model().to(memory_format=torch.channels_last)
    model.save(tmp_path / "model")
    assert states_equal(SeqJEPA.load(tmp_path / "model"), model)


def test_saving_again_replaces(tmp_path):
    make_model(seed=1).save(tmp_path / "model")
    second = make_model(seed=2)
    second.save(tmp_path / "model")
    assert states_equal(SeqJEPA.load(tmp_path / "model"), second)
    assert sorted(os.listdir(tmp_path)) == ["model"]


@pytest.mark.parametrize("moment", ["weights", "config", "flush", "rename-1", "rename-2", "remove"])
def test_a_crash_at_any_moment_leaves_a_whole_checkpoint(tmp_path, monkeypatch, moment):
    """The process dies (no handler runs) in the middle of replacing a checkpoint; then it is saved once more."""
    old, new = make_model(seed=1), make_model(seed=2, dropout=0.2)
    old.save(tmp_path / "model")

    child = os.fork()
    if child == 0:
        try:
            die_at(monkeypatch, moment)
            new.save(tmp_path / "model")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    found = SeqJEPA.load(tmp_path / "model")
    expected = new if moment == "remove" else old
    assert found.config == expected.config
    assert states_equal(found, expected)
    new.save(tmp_path / "model")
    assert states_equal(SeqJEPA.load(tmp_path / "model"), new)
    assert not (tmp_path / "model.old").exists()


def die_at(monkeypatch, moment: str) -> None:
    def dying(*args, **options):
        os._exit(9)

    count = [0]

    def dying_second(function):
        def call(*args, **options):
            count[0] += 1
            return dying() if count[0] == 2 else function(*args, **options)

        return call

    if moment == "weights":
        monkeypatch.setattr(checkpoints, "save", dying)
    elif moment == "config":
        monkeypatch.setattr(checkpoints.json, "dumps", dying)
    elif moment == "flush":
        monkeypatch.setattr(os, "fsync", dying)
    elif moment == "rename-1":
        monkeypatch.setattr(checkpoints.Path, "rename", dying)
    elif moment == "rename-2":
        monkeypatch.setattr(checkpoints.Path, "rename", dying_second(checkpoints.Path.rename))
    else:
        monkeypatch.setattr(checkpoints.shutil, "rmtree", dying_second(shutil.rmtree))


def test_an_error_while_writing_leaves_the_old_one_and_no_debris(tmp_path, monkeypatch):
    old = make_model(seed=1)
    old.save(tmp_path / "model")

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        make_model(seed=2).save(tmp_path / "model")
    assert states_equal(SeqJEPA.load(tmp_path / "model"), old)
    assert os.listdir(tmp_path) == ["model"]


def test_a_full_disk_leaves_the_old_one(tmp_path, files_of_at_most):
    old = make_model(seed=1)
    old.save(tmp_path / "model")
    size = (tmp_path / "model" / "model.safetensors").stat().st_size
    with files_of_at_most(size - 1), pytest.raises(OSError, match=r"model cannot be written, .*: File too large"):
        make_model(seed=2).save(tmp_path / "model")
    assert states_equal(SeqJEPA.load(tmp_path / "model"), old)
    assert os.listdir(tmp_path) == ["model"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    (tmp_path / ".model.abcd1234").mkdir()
    (tmp_path / ".model.abcd1234" / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".model.mine").mkdir()
    make_model().save(tmp_path / "model")
    assert sorted(os.listdir(tmp_path)) == [".model.mine", "model"]


def test_a_folder_with_other_things_is_not_replaced(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text("{}")
    with pytest.raises(FileExistsError, match=r"metrics\.json"):
        make_model().save(tmp_path / "run")
    with pytest.raises(FileExistsError, match=r"metrics\.json"):
        make_model().save(tmp_path / "run" / "metrics.json")
    assert (tmp_path / "run" / "metrics.json").read_text() == "{}"


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        SeqJEPA.load(tmp_path / "nowhere")
    make_model().save(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        SeqJEPA.load(tmp_path / "model")


@pytest.mark.parametrize("content", [b"", b"12345678", b"\xff" * 100, (2**62).to_bytes(8, "little") + b"{}"])
def test_damaged_weights(tmp_path, content):
    make_model().save(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors is not a readable"):
        SeqJEPA.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"a": {"dtype": "F32", "shape": [250 * 10**12], "data_offsets": [0, 10**15]}}, "not fully covered|Incomplete"),
        ({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}, "overflow"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, "invalid ?offset"),
    ],
    ids=["of a petabyte", "of more than there is", "backwards"],
)
def test_tensors_that_lie_about_their_size(tmp_path, header, message):
    make_model().save(tmp_path / "model")
    text = json.dumps(header).encode()
    (tmp_path / "model" / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match=rf"(?i)model\.safetensors is not a readable safetensors file: .*({message})"):
        SeqJEPA.load(tmp_path / "model")


def test_truncated_weights(tmp_path):
    make_model().save(tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ValueError, match="not a readable safetensors"):
        SeqJEPA.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("predictor.output.bias"), r"predictor\.output\.bias is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra is unexpected"),
        (
            lambda state: state.update({"predictor.output.bias": torch.zeros(5)}),
            r"predictor\.output\.bias has shape \(5,\) instead of \(32,\)",
        ),
        (lambda state: state.update({"aggregator.token": torch.zeros(1, 1, 160, dtype=torch.int64)}), "has dtype"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, message):
    make_model().save(tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    state = load_file(weights)
    change(state)
    save_file(state, weights)
    with pytest.raises(ValueError, match=message):
        SeqJEPA.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "'format'"),
        ({"version": 99}, "version 99"),
        ({"heads": 7}, "heads=7"),
        ({"encoder": "vit"}, "'vit' is unknown"),
        ({"colour": 1}, r"unknown configuration fields \['colour'\]"),
        ({"layers": "many"}, "layers='many' must be int"),
        ({"method": []}, r"a model of the method \[\]"),
        (
            {"layers": 10**5},
            r"config.json: layers=100000 does not fit the weights beside it, \d+ numbers in \d+ tensors",
        ),
        ({"encoder_width": 10**9}, "encoder_width=1000000000 does not fit the weights"),
        ({"predictor_hidden": 10**18}, "predictor_hidden=1000000000000000000 does not fit the weights"),
        ({"action_dim": 10**30}, "action_dim=1000000000000000000000000000000 does not fit the weights"),
    ],
)
def test_bad_configuration(tmp_path, change, message):
    make_model().save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        SeqJEPA.load(tmp_path / "model")


def test_a_configuration_without_the_size_of_actions(tmp_path):
    make_model().save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    values = json.loads(path.read_text())
    del values["action_dim"]
    path.write_text(json.dumps(values))
    with pytest.raises(ValueError, match=r"config\.json: the configuration lacks the field 'action_dim'"):
        SeqJEPA.load(tmp_path / "model")
    path.write_text("{not json")
    with pytest.raises(ValueError, match="not valid JSON"):
        SeqJEPA.load(tmp_path / "model")
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="not valid JSON: maximum recursion depth"):
        SeqJEPA.load(tmp_path / "model")
    path.write_text("[]")
    with pytest.raises(ValueError, match="does not describe"):
        SeqJEPA.load(tmp_path / "model")


def test_configuration_is_json_and_versioned(tmp_path):
    model = make_model()
    model.save(tmp_path / "model")
    values = json.loads((tmp_path / "model" / "config.json").read_text())
    assert values.pop("format") == "saccadeworld.seqjepa"
    assert values.pop("version") == 1
    assert SeqJEPAConfig.from_dict(values) == model.config


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_asked_for_and_absent(tmp_path):
    make_model().save(tmp_path / "model")
    with pytest.raises(ValueError, match="sees no CUDA device"):
        SeqJEPA.load(tmp_path / "model", device="cuda")


def test_a_checkpoint_is_a_folder_and_may_be_the_one_one_is_in(tmp_path, monkeypatch):
    make_model().save(tmp_path / "model")
    with pytest.raises(NotADirectoryError, match=r"is a file: name the folder that holds it"):
        SeqJEPA.load(tmp_path / "model" / "model.safetensors")
    monkeypatch.chdir(tmp_path / "model")
    assert SeqJEPA.load(".").config.action_dim == 2
    with pytest.raises(ValueError, match="is no name for a folder of its own"):
        make_model().save("")
