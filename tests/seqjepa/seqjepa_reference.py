"""The released seq-JEPA model once more, in plain formulas on a dictionary of tensors with the released names.

Independent of the package: functions of tensors only, attention and LayerNorm written out, no modules. It is the
yardstick of the tests. Dropout is left out (the tests set its rate to 0, or use eval mode). Running statistics in the
dictionary are updated in place, in the order in which the released code makes its passes.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

D, E, HIDDEN, LAYERS, HEADS = 512, 128, 1024, 3, 4
State = dict[str, Tensor]


# Tensors of a checkpoint, with random but sensible values


def make_state(
    action_dim: int, *, cifar_stem: bool, ema: bool = True, conditioned: bool = True, seed: int = 0
) -> State:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale

    def batch_norm(name: str, width: int, affine: bool = True) -> State:
        state = {
            f"{name}.running_mean": normal(width, scale=0.1),
            f"{name}.running_var": 0.5 + torch.rand(width, generator=generator),
            f"{name}.num_batches_tracked": torch.tensor(3),
        }
        if affine:
            state |= {f"{name}.weight": 0.5 + torch.rand(width, generator=generator)}
            state |= {f"{name}.bias": normal(width, scale=0.1)}
        return state

    def resnet(name: str) -> State:
        def conv(outputs: int, inputs: int, size: int) -> Tensor:
            return normal(outputs, inputs, size, size, scale=math.sqrt(2 / (inputs * size * size)))

        state = {f"{name}.conv1.weight": conv(64, 3, 3 if cifar_stem else 7)} | batch_norm(f"{name}.bn1", 64)
        inputs = 64
        for stage, width in enumerate((64, 128, 256, 512), 1):
            for block in (0, 1):
                prefix = f"{name}.layer{stage}.{block}"
                state |= {f"{prefix}.conv1.weight": conv(width, inputs, 3)} | batch_norm(f"{prefix}.bn1", width)
                state |= {f"{prefix}.conv2.weight": conv(width, width, 3)} | batch_norm(f"{prefix}.bn2", width)
                if block == 0 and stage > 1:
                    state[f"{prefix}.downsample.0.weight"] = conv(width, inputs, 1)
                    state |= batch_norm(f"{prefix}.downsample.1", width)
                inputs = width
        return state

    width = D + E if conditioned else D
    state = resnet("encoder")
    if ema:
        state |= resnet("target_encoder")
    state["agg_token"] = normal(1, 1, width, scale=0.5)
    if conditioned:
        state["action_proj.0.weight"] = normal(E, action_dim)
        state |= batch_norm("action_proj.1", E, affine=False)
    inputs = width + E if conditioned else width
    state["predictor.0.weight"] = normal(HIDDEN, inputs, scale=inputs**-0.5)
    state |= batch_norm("predictor.1", HIDDEN)
    state["predictor.3.weight"] = normal(D, HIDDEN, scale=HIDDEN**-0.5)
    state["predictor.3.bias"] = normal(D, scale=0.1)
    for layer in range(LAYERS):
        prefix = f"transformer_encoder.transformer_encoder.layers.{layer}"
        for name, outputs, size in (
            ("self_attn.in_proj_", 3 * width, width),
            ("self_attn.out_proj.", width, width),
            ("linear1.", 4 * width, width),
            ("linear2.", width, 4 * width),
        ):
            state[f"{prefix}.{name}weight"] = normal(outputs, size, scale=size**-0.5)
            state[f"{prefix}.{name}bias"] = normal(outputs, scale=0.1)
        for name in ("norm1", "norm2"):
            state[f"{prefix}.{name}.weight"] = 0.5 + torch.rand(width, generator=generator)
            state[f"{prefix}.{name}.bias"] = normal(width, scale=0.1)
    state["transformer_encoder.norm.weight"] = 0.5 + torch.rand(width, generator=generator)
    state["transformer_encoder.norm.bias"] = normal(width, scale=0.1)
    return state


def probe_heads(saccades: bool) -> State:
    """The probes that the released code keeps in its checkpoints."""
    names = ("online_res_probe.0", "online_agg_probe.0", "online_equiprobe.0", "pos_regressor", "agg_classifier")
    if not saccades:
        names = ("online_linprobe.0", "online_equiprobe.0", "online_equiprobe.2", "rot_regressor.4", "color_regressor")
    return {f"{name}.{kind}": torch.zeros(3, 3) for name in names for kind in ("weight", "bias")}


# The maps


def batch_norm(state: State, name: str, x: Tensor, train: bool) -> Tensor:
    scale, shift = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, scale, shift, training=train, momentum=0.1, eps=1e-5)


def resnet18(state: State, name: str, x: Tensor, train: bool) -> Tensor:
    """(N, 3, H, W) to (N, 512)."""
    stem = state[f"{name}.conv1.weight"]
    if stem.shape[-1] == 3:
        x = batch_norm(state, f"{name}.bn1", F.conv2d(x, stem, padding=1), train).clamp(min=0)
    else:
        x = batch_norm(state, f"{name}.bn1", F.conv2d(x, stem, stride=2, padding=3), train).clamp(min=0)
        x = F.max_pool2d(x, 3, 2, 1)
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            prefix = f"{name}.layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.conv2d(x, state[f"{prefix}.conv1.weight"], stride=stride, padding=1)
            y = batch_norm(state, f"{prefix}.bn1", y, train).clamp(min=0)
            y = F.conv2d(y, state[f"{prefix}.conv2.weight"], padding=1)
            y = batch_norm(state, f"{prefix}.bn2", y, train)
            if f"{prefix}.downsample.0.weight" in state:
                x = F.conv2d(x, state[f"{prefix}.downsample.0.weight"], stride=stride)
                x = batch_norm(state, f"{prefix}.downsample.1", x, train)
            x = (x + y).clamp(min=0)
    return x.mean((2, 3))


def embed_actions(state: State, actions: Tensor, train: bool) -> Tensor:
    """(N, A) to (N, E)."""
    return batch_norm(state, "action_proj.1", actions @ state["action_proj.0.weight"].T, train)


def layer_norm(state: State, name: str, x: Tensor) -> Tensor:
    y = (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-5)
    return y * state[f"{name}.weight"] + state[f"{name}.bias"]


def aggregate(state: State, tokens: Tensor) -> Tensor:
    """Tokens (B, M, W) to the output (B, W) at the [AGG] token, which goes first."""
    batch, _, width = tokens.shape
    x = torch.cat([state["agg_token"].expand(batch, 1, width), tokens], 1)
    length = x.shape[1]
    for layer in range(LAYERS):
        prefix = f"transformer_encoder.transformer_encoder.layers.{layer}"

        def linear(name: str, x: Tensor, prefix: str = prefix) -> Tensor:
            return x @ state[f"{prefix}.{name}weight"].T + state[f"{prefix}.{name}bias"]

        projected = linear("self_attn.in_proj_", x).view(batch, length, 3, HEADS, width // HEADS)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width // HEADS), -1)
        attended = (weights @ value).transpose(1, 2).reshape(batch, length, width)
        x = layer_norm(state, f"{prefix}.norm1", x + linear("self_attn.out_proj.", attended))
        x = layer_norm(state, f"{prefix}.norm2", x + linear("linear2.", linear("linear1.", x).clamp(min=0)))
    return layer_norm(state, "transformer_encoder.norm", x)[:, 0]


def predict(state: State, x: Tensor, train: bool) -> Tensor:
    hidden = batch_norm(state, "predictor.1", x @ state["predictor.0.weight"].T, train).clamp(min=0)
    return hidden @ state["predictor.3.weight"].T + state["predictor.3.bias"]


@dataclass
class Outcome:
    embeddings: Tensor  # (B, M, 512)
    aggregate: Tensor  # (B, 640)
    prediction: Tensor  # (B, 512)
    target: Tensor  # (B, 512)
    loss: Tensor


def forward(state: State, views: Tensor, actions: Tensor, *, saccades: bool, train: bool) -> Outcome:
    """views (B, M + 1, 3, H, W) normalised, actions (B, M, A) relative; `saccades`: which released model it is."""
    batch, count = actions.shape[:2]
    conditioned = "action_proj.0.weight" in state

    def encode_observed() -> Tensor:
        return resnet18(state, "encoder", views[:, :-1].flatten(0, 1), train).view(batch, count, D)

    def encode_target() -> Tensor:
        name = "target_encoder" if "target_encoder.conv1.weight" in state else "encoder"
        return resnet18(state, name, views[:, -1], train).detach()

    def embed_observed() -> Tensor:
        rows = actions.clone()
        if saccades:
            rows[:, -1] = 0
        return embed_actions(state, rows.flatten(0, 1), train).view(batch, count, E)

    if saccades:
        target, z = encode_target(), encode_observed()
    else:
        z, target = encode_observed(), encode_target()
    tokens = z
    last = torch.zeros(batch, 0, dtype=z.dtype)
    if conditioned:
        if saccades:
            observed, last = embed_observed(), embed_actions(state, actions[:, -1], train)
        else:
            last, observed = embed_actions(state, actions[:, -1], train), embed_observed()
        mask = torch.ones(count, 1, dtype=z.dtype)
        mask[-1] = 0
        tokens = torch.cat([z, observed * mask], -1)
    aggregated = aggregate(state, tokens)
    prediction = predict(state, torch.cat([aggregated, last], -1), train)
    cosine = (prediction * target).sum(-1) / (prediction.norm(dim=-1) * target.norm(dim=-1))
    return Outcome(z, aggregated, prediction, target, 1 - cosine.mean())


def trainable(state: State) -> list[str]:
    """Names of what the optimiser moves."""
    return [
        name
        for name, tensor in state.items()
        if tensor.is_floating_point() and "running_" not in name and not name.startswith("target_encoder.")
    ]


def average_target(state: State, tau: float) -> None:
    """The EMA step: parameters only."""
    for name in state:
        if name.startswith("target_encoder.") and name.endswith(("weight", "bias")):
            online = state[name.removeprefix("target_")].detach()
            state[name] = tau * state[name] + (1 - tau) * online
