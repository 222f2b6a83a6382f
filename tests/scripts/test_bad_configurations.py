"""Files beside a run or a model that someone changed: they are read, or refused by an error that names them."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from saccadeworld.scripts.options import WorldOptions
from saccadeworld.scripts.run_file import read_run
from saccadeworld.scripts.train_agent import TrainAgent
from saccadeworld.seqjepa import SeqJEPA, load_model
from saccadeworld.seqjepa.methods import make_model

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=3)
    | st.integers()
    | st.sampled_from([10**12, 10**30, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
quick = settings(max_examples=150, derandomize=True, deadline=None)


@pytest.fixture(scope="module", params=["seq-jepa", "byol", "context-ssl"])
def folder(request, tmp_path_factory) -> Path:
    options: dict[str, Any] = {
        "seq-jepa": {"action_embedding_dim": 8, "layers": 1, "heads": 2, "predictor_hidden": 16},
        "byol": {"projector": (8, 6), "predictor_hidden": 8},
        "context-ssl": {"width": 8, "layers": 1, "heads": 2, "projection": 6, "regressor": (6,)},
    }
    torch.manual_seed(0)
    model = make_model(request.param, 2, encoder="small", encoder_width=4, **options[request.param])
    place = tmp_path_factory.mktemp("models") / request.param
    model.save(place)
    return place


@quick
@given(data=st.data(), value=JSON)
def test_any_configuration_is_loaded_or_named(folder: Path, data, value: Any):
    copy = folder.with_name("changed")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    content = json.loads((copy / "config.json").read_text())
    content[data.draw(st.sampled_from(sorted(content)))] = value
    (copy / "config.json").write_text(json.dumps(content))
    refused = refusal(lambda: load_model(copy))
    assert refused is None or "changed" in refused


def refusal(call) -> str | None:
    try:
        call()
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return None


@quick
@given(name=st.sampled_from(["world", "training", "device", "out", "model", "method"]), value=JSON)
def test_any_run_file_is_read_or_named(tmp_path_factory, name: str, value: Any):
    out = tmp_path_factory.getbasetemp()
    run = {"out": "x", "model": None, "world": {"name": "images"}, "network": [64], "device": "cpu"}
    (out / "run.json").write_text(json.dumps(run | {name: value}))
    agent = TrainAgent(out=out, resume=True)
    for parse in (agent._parsed, lambda found: (WorldOptions(**found["world"]), found["device"])):
        refused = refusal(lambda parse=parse: read_run(out, parse))
        assert refused is None or "run.json does not hold the options of a run" in refused


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "null", '{"steps": ' + "9" * 5000 + "}", "\ufeff{", ""])
def test_what_is_no_run_file_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"run\.json"):
        read_run(tmp_path, lambda found: WorldOptions(**found["world"]))


def test_numbers_that_are_none(tmp_path):
    torch.manual_seed(0)
    SeqJEPA(2, "small", encoder_width=4, action_embedding_dim=8, layers=1, heads=2).save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    content = json.loads(path.read_text())
    for name in ("dropout", "regulariser_weight", "mean", "std"):
        path.write_text(json.dumps(content | {name: math.nan}))
        with pytest.raises(ValueError, match=rf"config\.json: {name}"):
            SeqJEPA.load(tmp_path / "model")
