"""What a scale is: sizes, data and budgets for every training of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, NamedTuple

from ...envs.sources.banks import Split
from ...seqjepa.ablations import Run, ablate
from ...seqjepa.config import ModelOptions, ViewModelConfig
from ...seqjepa.cost import step_operations
from ...seqjepa.methods import METHODS
from ...seqjepa.training_config import TrainingConfig
from .measurements import Settings
from .trainings import SEQ_JEPA, Training


@dataclass(frozen=True)
class Inputs:
    """What a person gives beside a scale.

    Attributes:
        sources: paths of data by their names, see `Family.data` and `Family.maps`.
        bank: a folder for banks of pictures and caches of saliency maps, which are mapped into memory.
        share: of the steps of every training.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    bank: str | None = None
    share: float = 1.0


@dataclass(frozen=True)
class WorldSpec:
    """A world over one split of a source, before it is made."""

    name: str
    source: str | None
    split: Split
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Family:
    """One of the paper's families of worlds at a scale.

    Attributes:
        title: for tables.
        world: name of the world.
        data: the name of its data among `--sources`.
        source: pattern of the source, in which {} is the path of the data.
        maps: the name of saliency maps among `--sources`, whose path may hold {split}: "unlabelled", "train" or "test".
        built_in: options of the built-in source by split, which stands in where no data are given; None where data
            are needed.
        options: of the world.
        training_options: further ones of the world that is trained in.
        training_world: name of the world that is trained in, where that is another, with `training_options` alone;
            empty where it is not.
        outside: further ones of the world whose poses neither model nor probes have met.
        outside_source: pattern of its source, where that is another than `source`; empty where it is not.
        lasting: how many times as long further trainings last, for what needs time: using actions.
        action_dim: components of an action; in augmentations by what actions change.
        side: of the views in pixels.
        observed: M_tr of the main training, and so of the rows of tables that the paper has for its own.
        instances: scenes of the training split, as published; 0 where training is not in epochs.
        epochs: passes over them; 0 where the budget is the operations of `training.steps` steps of seq-JEPA.
        model: options of seq-JEPA.
        encoder: options of the encoder, for all methods.
        training: how to train seq-JEPA.
        settings: how everything is measured.
    """

    title: str
    world: str
    data: str
    source: str = "{}"
    maps: str = ""
    built_in: Mapping[Split, Mapping[str, Any]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    training_options: Mapping[str, Any] = field(default_factory=dict)
    training_world: str = ""
    outside: Mapping[str, Any] = field(default_factory=dict)
    outside_source: str = ""
    lasting: int = 1
    action_dim: int | Mapping[str, int]
    side: int
    observed: int
    instances: int = 0
    epochs: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, Any]
    training: TrainingConfig
    settings: Settings


class Plan(NamedTuple):
    """All that one training with one seed is made of."""

    train: WorldSpec
    probe: WorldSpec
    test: WorldSpec
    outside: WorldSpec
    method: str
    action_dim: int
    model: Mapping[str, Any]
    training: TrainingConfig
    settings: Settings
    view_shape: tuple[int, int, int]

    @property
    def config(self) -> ViewModelConfig:
        """Of the model, but for the statistics of its views."""
        return make_config(self.method, self.action_dim, self.model)

    @property
    def operations(self) -> int:
        """Floating point operations of the training."""
        assert self.training.steps is not None
        return self.training.steps * operations(self.config, self.view_shape, self.training)


_NOTHING = Inputs()


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Sizes, data and budgets for every training of the tables.

    Attributes:
        name: of the scale.
        families: worlds and what goes with them, by the names that tables use.
        baselines: options of each baseline.
        training: fields of the configuration of training that are a baseline's own; one with a transformer is trained
            as seq-JEPA.
        milestones: shares of the training after which the main models are probed, for curves over time.
    """

    name: Literal["laptop", "paper"]
    families: Mapping[str, Family]
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    milestones: tuple[float, ...] = ()

    def main(self, family: str) -> Training:
        """Seq-JEPA's main training in a family."""
        return Training(family, observed=self.families[family].observed)

    def plan(self, training: Training, seed: int, inputs: Inputs = _NOTHING) -> Plan:
        """What a training with a seed, of weights and episodes, is made of.

        Raises:
            ValueError: where data are needed that `inputs` does not have.
        """
        family = self.families[training.family]
        options = dict(family.options) | ({"latents": training.conditioning} if family.world == "augmentations" else {})
        base = replace(family.training, length=training.length, seed=seed)
        if training.method != SEQ_JEPA and not training.transformer:
            base = replace(base, **self.training.get(training.method, {}))
        run = ablate(training.ablation, family.world, Run(options, self._model(training), base, family.settings.probes))
        dims = family.action_dim
        plan = Plan(
            train=self._training_world(family, run.world, inputs),
            probe=self._world(family, "train", run.world, inputs),
            test=self._world(family, "test", run.world, inputs),
            outside=self._outside(family, run.world, inputs),
            method=training.method,
            action_dim=dims if isinstance(dims, int) else dims[training.conditioning],
            model=run.model,
            training=run.training,
            settings=replace(family.settings, probes=run.evaluation).with_seed(seed),
            view_shape=(3, family.side, family.side),
        )
        if training.ablation == "none":
            steps = self._steps(family, plan, inputs.share * training.times)
        else:  # a twin sees as many views
            steps = self.plan(replace(training, ablation="none"), seed, inputs).training.steps
        return plan._replace(training=replace(plan.training, steps=steps))

    def _model(self, training: Training) -> dict[str, Any]:
        family = self.families[training.family]
        own = family.model if training.method == SEQ_JEPA else self.baselines.get(training.method, {})
        layers = {"projector_transformer": ModelOptions(**family.model).layers} if training.transformer else {}
        return {**family.encoder, **own, **layers}

    def _world(self, family: Family, split: Split, options: Mapping[str, Any], inputs: Inputs) -> WorldSpec:
        sources = inputs.sources
        if family.data in sources:
            source = family.source.format(sources[family.data])
            if inputs.bank is not None and family.world != "objects":  # which has meshes, not pictures
                options = {**options, "bank": inputs.bank}
            if family.maps in sources:
                part = split if options.get("labelled", True) else "unlabelled"
                options = {**options, "saliency": sources[family.maps].format(split=part)}
            elif family.world == "images" and inputs.bank is not None:
                options = {**options, "saliency_cache": inputs.bank}
        elif family.built_in is not None:
            source, options = None, {**options, **family.built_in[split]}
        else:
            raise ValueError(
                f"--scale {self.name} takes {family.title} from {family.data}: "
                f"give its path as --sources {family.data} PATH"
            )
        return WorldSpec(family.world, source, split, options)

    def _training_world(self, family: Family, options: Mapping[str, Any], inputs: Inputs) -> WorldSpec:
        if not family.training_world:
            return self._world(family, "train", {**options, **family.training_options}, inputs)
        return self._world(replace(family, world=family.training_world), "train", family.training_options, inputs)

    def _outside(self, family: Family, options: Mapping[str, Any], inputs: Inputs) -> WorldSpec:
        beyond = replace(family, source=family.outside_source or family.source)
        return self._world(beyond, "test", {**options, **family.outside}, inputs)

    def _steps(self, family: Family, plan: Plan, share: float) -> int:
        """Epochs as published; otherwise as many steps as cost what those of seq-JEPA's main training do."""
        if family.epochs:
            steps = family.epochs * (family.instances // plan.training.batch_size)
        else:
            assert family.training.steps is not None
            reference = make_config(SEQ_JEPA, plan.action_dim, {**family.encoder, **family.model})
            main = replace(family.training, length=family.observed + 1)
            budget = family.training.steps * operations(reference, plan.view_shape, main)
            steps = budget / operations(plan.config, plan.view_shape, plan.training)
        return max(1, round(share * steps))


def operations(config: ViewModelConfig, view_shape: tuple[int, int, int], training: TrainingConfig) -> int:
    """Floating point operations of one step."""
    return _operations(config, view_shape, training.batch_size, training.length)


_operations = cache(step_operations)


def make_config(method: str, action_dim: int, options: Mapping[str, Any]) -> ViewModelConfig:
    """The configuration of a model of any method."""
    return METHODS[method].Config(action_dim=action_dim, **options)
