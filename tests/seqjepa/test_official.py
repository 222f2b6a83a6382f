"""Reading the released checkpoints: every published kind and file form, and nothing that could run code."""

import functools
import os

import pytest
import seqjepa_reference as reference
import torch
from saccadeworld.seqjepa import SeqJEPA

KINDS = {
    "saccades": (2, True, (0.4467, 0.4398, 0.4066), (0.2241, 0.2215, 0.2239)),
    "rotation": (4, False, (0.5016, 0.5037, 0.5060), (0.1030, 0.0999, 0.0969)),
    "rotation-colour": (6, False, (0.5016, 0.5037, 0.5060), (0.1030, 0.0999, 0.0969)),
}


@functools.cache
def shared_state(kind: str, **options) -> reference.State:
    action_dim, cifar_stem, _, _ = KINDS[kind]
    return reference.make_state(action_dim, cifar_stem=cifar_stem, **options)


def make_state(kind: str, **options) -> reference.State:
    return dict(shared_state(kind, **options))


@pytest.mark.parametrize(
    ("kind", "form"),
    [("saccades", "bare"), ("saccades", "training"), ("rotation", "training"), ("rotation-colour", "bare")],
)
def test_every_published_kind_in_both_forms(tmp_path, kind, form):
    state = make_state(kind)
    content = state | reference.probe_heads(saccades=kind == "saccades")
    if form == "training":
        content = {f"module.{name}": tensor for name, tensor in content.items()}
        optimiser = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 4e-4, "params": [0]}]}
        content = {"model": content, "optimizer": optimiser, "min_loss": 0.1, "epoch": 3, "run_id": "x"}
    torch.save(content, tmp_path / "released.pth")
    model = SeqJEPA.from_official(tmp_path / "released.pth")

    action_dim, cifar_stem, mean, std = KINDS[kind]
    config = model.config
    assert (config.action_dim, config.mean, config.std) == (action_dim, mean, std)
    assert config.encoder == ("resnet18-cifar" if cifar_stem else "resnet18")
    assert (config.compatibility, config.target, config.conditioning) == ("official", "ema", "both")
    assert not model.training
    loaded = model.state_dict()
    assert len(loaded) == len(state)
    for name in ("encoder.layer3.0.downsample.1.running_var", "target_encoder.layer1.0.conv1.weight"):
        assert torch.equal(loaded[name], state[name])
    assert torch.equal(loaded["predictor.output.bias"], state["predictor.3.bias"])


def test_without_ema_and_without_actions(tmp_path):
    torch.save(make_state("saccades", ema=False), tmp_path / "released.pth")
    assert SeqJEPA.from_official(tmp_path / "released.pth").config.target == "stop-gradient"

    state = make_state("saccades", conditioned=False)
    projector = {name: tensor for name, tensor in make_state("saccades").items() if name.startswith("action_proj")}
    torch.save(state | projector, tmp_path / "released.pth")  # the released class keeps it, unused
    model = SeqJEPA.from_official(tmp_path / "released.pth")
    assert model.config.conditioning == "none"
    assert model.config.token_dim == 512


def test_statistics_of_unpublished_kinds_must_be_given(tmp_path):
    torch.save(reference.make_state(9, cifar_stem=True, ema=False), tmp_path / "released.pth")
    with pytest.raises(ValueError, match="give mean= and std="):
        SeqJEPA.from_official(tmp_path / "released.pth")
    model = SeqJEPA.from_official(tmp_path / "released.pth", mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2))
    assert model.config.std == (0.2, 0.2, 0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("encoder.layer2.1.bn2.weight"), r"encoder\.layer2\.1\.bn2\.weight is missing"),
        (lambda state: state.pop("agg_token"), "no agg_token"),
        (lambda state: state.pop("predictor.3.weight"), r"no predictor\.3\.weight"),
        (lambda state: state.update({"encoder.fc.weight": torch.zeros(10, 512)}), r"encoder\.fc\.weight is unexpected"),
        (lambda state: state.update({"predictor.0.weight": torch.zeros(1024, 700)}), r"predictor.*has shape"),
        (lambda state: state.update({"predictor.3.weight": torch.zeros(7)}), r"no predictor\.3\.weight of 2"),
        (lambda state: state.update({"predictor.3.bias": torch.zeros(1).expand(10**12)}), r"predictor\.3\.bias claims"),
        (lambda state: state.clear(), "no seq-JEPA checkpoint of the released code"),
    ],
)
def test_wrong_contents_are_named(tmp_path, change, message):
    state = make_state("rotation", ema=False)
    change(state)
    torch.save(state, tmp_path / "released.pth")
    with pytest.raises(ValueError, match=message):
        SeqJEPA.from_official(tmp_path / "released.pth")


class Code:
    def __init__(self, witness: str) -> None:
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (self.witness,)


@pytest.mark.parametrize("wrap", [lambda code: code, lambda code: {"model": {"agg_token": code}}])
def test_code_is_never_run(tmp_path, wrap):
    torch.save(wrap(Code(str(tmp_path / "witness"))), tmp_path / "released.pth")
    with pytest.raises(ValueError, match="could run code"):
        SeqJEPA.from_official(tmp_path / "released.pth")
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(50)])
def test_files_that_are_no_checkpoints(tmp_path, content):
    (tmp_path / "released.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"released\.pth"):
        SeqJEPA.from_official(tmp_path / "released.pth")


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2], {"model": 5}, {"epoch": 3}])
def test_other_contents(tmp_path, content):
    torch.save(content, tmp_path / "released.pth")
    with pytest.raises(ValueError, match="neither a state dictionary"):
        SeqJEPA.from_official(tmp_path / "released.pth")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        SeqJEPA.from_official(tmp_path / "nowhere.pth")
