"""Agents of stable-baselines3: made, trained, stored and loaded."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from ..envs.json_files import fault, read_json
from ..envs.worlds import World
from ..seqjepa import SeqJEPA
from ..seqjepa.checkpoint import find_folder, replace_folder
from ..seqjepa.tensor_files import load_tensors
from .agent_config import AgentConfig
from .agent_env import make_agent_env
from .algorithms import ALGORITHMS
from .belief import ClassBelief
from .flat_features import FlatFeatures
from .trained_features import TrainedFeatures

FORMAT, VERSION = "saccadeworld.agent", 1
DESCRIPTION, WEIGHTS, MODEL = "agent.json", "agent.pt", "model"


@dataclass
class Agent:
    """An algorithm at work on a task, and the model through which it sees.

    Attributes:
        config: what it is.
        model: frozen; None where it learns from views.
        learner: the algorithm of stable-baselines3.
    """

    config: AgentConfig
    model: SeqJEPA | None
    learner: BaseAlgorithm

    @classmethod
    def make(
        cls,
        config: AgentConfig,
        world: World,
        model: SeqJEPA | None,
        rows: int,
        belief: ClassBelief | None = None,
        log: str | None = None,
    ) -> Agent:
        """A fresh one, in an environment of its own.

        Args:
            config: what it is.
            world: where it learns.
            model: through which it sees, or None.
            rows: episodes side by side.
            belief: see `make_agent_env`.
            log: a folder for TensorBoard.

        Raises:
            TypeError, ValueError: as `make_agent_env`, and for values of options that the algorithm refuses.
        """
        env = make_agent_env(config, world, model, rows, belief)
        return cls(config, model, _learner(config, model, env, world.device, log))

    @property
    def discrete(self) -> bool:
        """Whether it chooses from a list."""
        return isinstance(self.learner.action_space, spaces.Discrete)

    def act(self, _: object, observation: Mapping[str, Tensor]) -> Tensor:
        """Its greedy actions in its task, (N, ...), given the observation of an environment as it learned in."""
        arrays = {key: value.cpu().numpy() for key, value in observation.items()}
        return torch.from_numpy(self.learner.predict(arrays, deterministic=True)[0]).to(self.learner.device)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write agent.json, agent.pt and the model into a folder, whole or not at all.

        Nothing in it is executed by whoever loads it. A replay buffer is not part of it.

        Raises:
            FileExistsError: when the folder holds anything else.
        """
        described = {
            "format": FORMAT,
            "version": VERSION,
            "config": asdict(self.config),
            "steps": self.learner.num_timesteps,
            "observations": _described(self.learner.observation_space),
            "actions": _described(self.learner.action_space),
            "sees": "views" if self.model is None else "embeddings",
        }
        with replace_folder(folder, {DESCRIPTION, WEIGHTS, MODEL}) as place:
            if self.model is not None:
                self.model.save(place / MODEL)
            content = BytesIO()  # torch.save would report a full disk as an error of its own
            torch.save(_state(self.learner), content)
            (place / WEIGHTS).write_bytes(content.getvalue())
            (place / DESCRIPTION).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        world: World,
        rows: int = 16,
        belief: ClassBelief | None = None,
        log: str | None = None,
    ) -> Agent:
        """The agent that `save` wrote, with its counters and the state of its optimisers, in a world it fits.

        Without a `belief`, one whose reward is evidence can act, but not learn on.

        Raises:
            FileNotFoundError: when a file is missing.
            ValueError: when a file is damaged, or the world, its views or its actions are not those of the agent.
        """
        place = find_folder(folder, "folder of an agent")
        described = _read_description(place / DESCRIPTION)
        config = _read_config(described, place)
        state = load_tensors(place / WEIGHTS, world.device)
        _check_widths(config, state, place)
        model = SeqJEPA.load(place / MODEL, world.device) if described["sees"] == "embeddings" else None
        with warnings.catch_warnings():  # of mini-batches that the rows do not fill, told when it was made
            warnings.filterwarnings("ignore", message="You have specified a mini-batch size")
            agent = cls.make(config if belief else replace(config, reward="task"), world, model, rows, belief, log)
        agent.config = config
        spaces_now = {"observations": agent.learner.observation_space, "actions": agent.learner.action_space}
        for name, space in spaces_now.items():
            if described[name] != _described(space):
                raise ValueError(
                    f"the agent in {place} was saved with the {name} {described[name]}, here they are "
                    f"{_described(space)}: make the world with the options it was trained with"
                )
        _restore(agent.learner, state, place / WEIGHTS)
        agent.learner.num_timesteps = int(described["steps"])
        return agent


def _learner(
    config: AgentConfig, model: SeqJEPA | None, env: VecEnv, device: torch.device, log: str | None
) -> BaseAlgorithm:
    algorithm = ALGORITHMS[config.algorithm]
    extractor = TrainedFeatures if model is None else FlatFeatures
    policy = {"net_arch": list(config.network), "features_extractor_class": extractor}
    options = {**algorithm.options, **config.options}
    try:
        common: dict[str, Any] = {
            "policy_kwargs": policy,
            "device": device,
            "seed": config.seed,
            "tensorboard_log": log,
        }
        return algorithm.make("MultiInputPolicy", env, **common, **options)
    except TypeError as error:
        raise TypeError(f"{config.algorithm!r} with options {options}: {error}") from error
    except Exception as error:  # of values, which stable-baselines3 checks in as many ways as there are options
        raise ValueError(f"{config.algorithm!r} with options {options}: {error}") from error


def _state(learner: BaseAlgorithm) -> dict[str, Any]:
    """Weights, states of optimisers and variables, as `torch.load(weights_only=True)` reads them."""
    variables = learner._get_torch_save_params()[1]
    return {"parameters": learner.get_parameters(), "variables": {name: _variable(learner, name) for name in variables}}


def _variable(learner: BaseAlgorithm, name: str) -> Tensor:
    value = getattr(learner, name)
    assert isinstance(value, Tensor)
    return value


def _restore(learner: BaseAlgorithm, state: Any, path: Path) -> None:
    try:
        learner.set_parameters(state["parameters"], exact_match=True, device=learner.device)
        for name, value in state["variables"].items():
            _variable(learner, name).data.copy_(value)
    except Exception as error:  # torch and stable-baselines3 raise whatever comes
        raise ValueError(f"{path} is damaged, or does not fit the agent: {error}") from error


def _check_widths(config: AgentConfig, state: Any, place: Path) -> None:
    """Refuse widths for which there are not enough weights, before a network of these widths is made."""
    parameters = state.get("parameters") if isinstance(state, Mapping) else None
    networks = parameters.values() if isinstance(parameters, Mapping) else ()
    tensors = [tensor for network in networks if isinstance(network, Mapping) for tensor in network.values()]
    most = sum(tensor.untyped_storage().nbytes() for tensor in tensors if isinstance(tensor, Tensor))
    if max((len(config.network), *config.network)) > most:
        raise ValueError(f"{place / DESCRIPTION}: network={config.network} does not fit the weights in {WEIGHTS}")


def _described(space: spaces.Space) -> Any:
    """A space as JSON can hold it: shapes, kinds of numbers and how many choices there are."""
    if isinstance(space, spaces.Dict):
        return {key: _described(entry) for key, entry in sorted(space.spaces.items())}
    if isinstance(space, spaces.Discrete):
        return f"{int(space.n)} choices"
    return f"{list(space.shape or ())} {space.dtype}"


def _read_description(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} is not the folder of an agent: it has no {path.name}")
    described = read_json(path)
    if not isinstance(described, dict) or described.get("format") != FORMAT or described.get("version") != VERSION:
        raise ValueError(f"{path} does not describe an agent of version {VERSION}")
    missing = {"config", "steps", "observations", "actions", "sees"} - described.keys()
    if missing or not isinstance(described["steps"], int):
        raise ValueError(f"{path} is damaged: {f'it lacks {min(missing)}' if missing else 'its steps are no number'}")
    return described


def _read_config(described: dict[str, Any], place: Path) -> AgentConfig:
    try:
        values: dict[str, Any] = described["config"]
        values["network"] = tuple(values["network"])
        return AgentConfig(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place / DESCRIPTION} is damaged: {fault(error)}") from error
