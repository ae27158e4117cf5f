"""Settings of a training run: what `config.toml` holds."""

from __future__ import annotations

import dataclasses
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from warp2hdl.errors import ConfigError

THRESHOLDS = ("quantile", "uniform", "dyadic", "learned", "learned-uniform")
"""How an encoder's thresholds are placed: at quantiles, at equal steps, where comparators are cheapest, or learned from
one of the first two on."""


@dataclass(frozen=True)
class EncoderConfig:
    """How features become bits.

    Attributes:
        feature_bits: width of a feature's word, 1 to 16.
        thermometer_bits: thresholds per feature, at least 1.
        thresholds: where they are: `quantile`, `uniform` or `dyadic` (the middle of a word's range, then the quarters,
            then the eighths: comparators that read few bits; the middle is a bit of the word itself), fixed; `learned`
            (from the quantiles on) or
            `learned-uniform` (from equal steps on).
        threshold_sampling: what learned thresholds pass on in training: `soft`, a sigmoid, or `hard`, the bit with
            the gradient of the sigmoid (straight-through).
        threshold_width: width of that sigmoid, as a share of the feature's largest word.
    """

    feature_bits: int = 8
    thermometer_bits: int = 4
    thresholds: str = "quantile"
    threshold_sampling: str = "hard"
    threshold_width: float = 0.03

    def check(self) -> None:
        """Checks each setting.

        Raises:
            ConfigError: the field and what is allowed.
        """
        _within("encoder.feature_bits", self.feature_bits, 1, 16)
        _within("encoder.thermometer_bits", self.thermometer_bits, 1, None)
        _one_of("encoder.thresholds", self.thresholds, THRESHOLDS)
        _one_of("encoder.threshold_sampling", self.threshold_sampling, ("soft", "hard"))
        _above("encoder.threshold_width", self.threshold_width, 0)

    @property
    def learns_thresholds(self) -> bool:
        """Whether training moves the thresholds."""
        return self.thresholds.startswith("learned")


_OF_CONVOLUTIONS = ("channels", "receptive_field", "tree_depth", "groups")
_OF_WINDOWS = ("stride", "padding")
_OF_POOLING = ("size",)
_OF_DENSE = ("nodes", "wiring", "candidates")


@dataclass(frozen=True)
class LayerConfig:
    """One layer. `warp2hdl.nn.LogicLayer`, `LogicConv2d` and `OrPool2d` describe the settings of each kind.

    Attributes:
        kind: `dense`, `convolution` (trees of look-up tables over images) or `or-pool` (their logical OR).
        channels: of the images that a convolution gives.
        stride: pixels from one window to the next; 0 is 1 in a convolution, and the window's size in pooling.
    """

    nodes: int = 1000
    arity: int = 6
    wiring: str = "random"
    candidates: int = 32
    relaxation: str = "walsh"
    sampling: str = "soft"
    tau: float = 1.0
    initial: str = "residual"
    residual: float = 0.88
    kind: str = "dense"
    channels: int = 32
    receptive_field: int = 3
    tree_depth: int = 2
    groups: int = 1
    stride: int = 0
    padding: int = 0
    size: int = 2

    def used(self) -> dict[str, Any]:
        """The settings that a layer of this kind has."""
        foreign: dict[str, tuple[str, ...]] = {
            "dense": (*_OF_CONVOLUTIONS, *_OF_WINDOWS, *_OF_POOLING),
            "convolution": (*_OF_DENSE, *_OF_POOLING),
        }
        plain = dataclasses.asdict(self)
        if self.kind == "or-pool":
            return {name: plain[name] for name in ("kind", *_OF_POOLING, *_OF_WINDOWS)}
        return {name: value for name, value in plain.items() if name not in foreign.get(self.kind, ())}

    def check_kind(self, where: str) -> None:
        """Checks the kind and the settings that only some kinds have.

        Raises:
            ConfigError: the field and what is allowed.
        """
        _one_of(f"{where}.kind", self.kind, ("dense", "convolution", "or-pool"))
        used = self.used()
        for each in dataclasses.fields(self):
            if each.name not in used and getattr(self, each.name) != each.default:
                raise ConfigError(
                    f"{where}.{each.name} means nothing to a layer of the kind {self.kind}; leave it out."
                )
        for name in ("channels", "receptive_field", "tree_depth", "groups", "size"):
            _within(f"{where}.{name}", getattr(self, name), 1, None)
        for name in _OF_WINDOWS:
            _within(f"{where}.{name}", getattr(self, name), 0, None)


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes:
        epochs: passes over the training split, at least 1; where a run goes on from a trained network also 0.
        batch_size: samples a step.
        learning_rate: of the coefficients of `walsh` nodes, or of z at each address; and of the other relaxations'
            parameters (Adam).
        wiring_learning_rate: of learned wiring.
        adam_basis: in which Adam scales the gradients of a `walsh` node: `coefficients`, or `addresses`, where z is
            stepped at each address (`warp2hdl.train.optimizer`).
        rewiring_interval: steps after which the weakest candidates of learned wiring are replaced by the inputs that
            promise most (`warp2hdl.train.rewiring`); 0 never replaces any.
        threshold_learning_rate: of learned thresholds, in shares of a feature's largest word.
        schedule: `cosine`: all learning rates fall to 0 along half a cosine; `step`: they are divided by 10 at a half
            of the steps and again at three quarters; `constant`.
        warmup: steps over which the learning rates first rise.
        temperature_end: factor of every layer's tau in the last step, reached geometrically; 1 keeps it constant.
        hard_share: share of the steps, the last ones, in which layers pass on bits with straight-through gradients,
            whatever their sampling; at most 1.
        weight_decay: L2 penalty on the parameters.
        spectral_l1: penalty on the absolute Walsh coefficients, `warp2hdl.train.penalty` says how.
        spectral_l2: penalty on their squares.
        area_weight: what an expected look-up of encoder, fabric and popcounts adds to the loss, in nats
            (`warp2hdl.train.area`); exchanges of inputs in backfitting count it too.
        logit_limit: the most that `|z| / tau` of a `walsh` node may be at any address, where the node gives 0 or 1
            (`warp2hdl.train.limit`); 0 is no limit.
        label_smoothing: share of a label that is spread over all classes, at least 0 and below 1.
        teacher_rows: made-up rows that a small neural network labels, as it then does all training rows
            (`warp2hdl.train.teacher`); 0 trains on the training split alone.
        teacher_units: of that network's hidden layer; 0 is a linear model.
        teacher_l1: L1 penalty on its weights.
        backfit_sweeps: after training, at most so many sweeps over the last layer that make its tables optimal for the
            hard network's loss on the training split (`warp2hdl.train.backfit`); the best on validation is kept.
        backfit_exchanges: the first so many of these sweeps also exchange inputs of nodes, where wiring is learned.
        encoder_luts: after that, the wiring of a network of one layer is pruned until the comparators it reads cost at
            most so many look-ups (`warp2hdl.train.pruning`), and as many sweeps follow; -1 is no limit.
        group_tau: divisor of the class scores before the softmax.
        augment: `none`; `shift`: images move by up to one pixel in training; or `affine`: each of them is turned,
            scaled, sheared and moved a little.
        jitter: feature words change by up to this much in training.
        seed: of every random choice.
        patience: epochs without a better hard validation accuracy before training stops; 0 never stops early.
        precision: of what the layers hand on in training, `float32` or `bfloat16`.
        threads: of the CPU, at least 1.
    """

    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 0.02
    wiring_learning_rate: float = 0.02
    adam_basis: str = "coefficients"
    rewiring_interval: int = 0
    threshold_learning_rate: float = 0.001
    schedule: str = "cosine"
    warmup: int = 0
    temperature_end: float = 1.0
    hard_share: float = 0.0
    weight_decay: float = 0.0
    spectral_l1: float = 0.0
    spectral_l2: float = 0.0
    area_weight: float = 0.0
    logit_limit: float = 0.0
    label_smoothing: float = 0.0
    teacher_rows: int = 0
    teacher_units: int = 16
    teacher_l1: float = 0.002
    backfit_sweeps: int = 0
    backfit_exchanges: int = 0
    encoder_luts: int = -1
    group_tau: float = 5.0
    augment: str = "none"
    jitter: int = 0
    seed: int = 0
    patience: int = 0
    precision: str = "float32"
    threads: int = 1

    def check(self) -> None:
        """Checks the settings against each other.

        Raises:
            ConfigError: the field and what is allowed.
        """
        for name in ("batch_size", "threads"):
            _within(f"training.{name}", getattr(self, name), 1, None)
        for name in (
            "epochs",
            "patience",
            "jitter",
            "warmup",
            "rewiring_interval",
            "backfit_sweeps",
            "teacher_rows",
            "teacher_units",
        ):
            _within(f"training.{name}", getattr(self, name), 0, None)
        _within("training.encoder_luts", self.encoder_luts, -1, None)
        _within("training.seed", self.seed, 0, 2**63 - 1)
        rates = ("learning_rate", "wiring_learning_rate", "threshold_learning_rate")
        for name in (*rates, "group_tau", "temperature_end"):
            _above(f"training.{name}", getattr(self, name), 0)
        for name in ("weight_decay", "spectral_l1", "spectral_l2", "area_weight", "logit_limit", "teacher_l1"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ConfigError(f"training.{name} is {value}; it must be a number of at least 0.")
        if not 0 <= self.hard_share <= 1:
            raise ConfigError(f"training.hard_share is {self.hard_share}; it must be a number from 0 to 1.")
        if not 0 <= self.label_smoothing < 1:
            raise ConfigError(f"training.label_smoothing is {self.label_smoothing}; it must be at least 0 and below 1.")
        _one_of("training.augment", self.augment, ("none", "shift", "affine"))
        _one_of("training.adam_basis", self.adam_basis, ("coefficients", "addresses"))
        _one_of("training.schedule", self.schedule, ("cosine", "constant", "step"))
        _one_of("training.precision", self.precision, ("float32", "bfloat16"))


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a training run."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    layers: tuple[LayerConfig, ...] = (LayerConfig(wiring="learned"),)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def check(self, classes: int) -> None:
        """Checks the settings against each other and the data.

        Raises:
            ConfigError: the field and what is allowed.
        """
        if not self.layers:
            raise ConfigError("layers is empty; a network needs at least one [[layers]] table.")
        for index, layer in enumerate(self.layers):
            layer.check_kind(f"layers[{index}]")
        if self.layers[-1].kind == "dense" and self.layers[-1].nodes % classes:
            raise ConfigError(
                f"layers[{len(self.layers) - 1}].nodes is {self.layers[-1].nodes}, which does not divide into "
                f"{classes} classes; make the last layer's width a multiple of {classes}."
            )
        if self.training.backfit_sweeps and self.layers[-1].kind != "dense":
            raise ConfigError(
                f"training.backfit_sweeps is {self.training.backfit_sweeps}, but the last layer's kind is "
                f"{self.layers[-1].kind}; set it to 0, or end with a dense layer."
            )
        if self.training.encoder_luts >= 0 and (len(self.layers) > 1 or self.layers[0].kind != "dense"):
            raise ConfigError(
                f"training.encoder_luts is {self.training.encoder_luts}, but there is more than one dense layer; set "
                "it to -1, or take one."
            )
        for index, layer in enumerate(self.layers):
            where = f"layers[{index}]"
            _within(f"{where}.nodes", layer.nodes, 1, None)
            _within(f"{where}.arity", layer.arity, 1, 6)
            _within(f"{where}.candidates", layer.candidates, 0, None)
            _above(f"{where}.tau", layer.tau, 0)
            _one_of(f"{where}.wiring", layer.wiring, ("random", "unique", "structured", "learned"))
            _one_of(f"{where}.relaxation", layer.relaxation, ("walsh", "multilinear", "difflogic", "dwn"))
            _one_of(f"{where}.initial", layer.initial, ("residual", "residual-catalog", "random"))
            _one_of(f"{where}.sampling", layer.sampling, ("soft", "hard", "gumbel-soft", "gumbel-hard"))
            if layer.relaxation == "difflogic" and layer.arity != 2:
                raise ConfigError(
                    f"{where}.arity is {layer.arity}; the relaxation difflogic has gates of 2 inputs only."
                )
            if not 0.5 <= layer.residual < 1:
                raise ConfigError(f"{where}.residual is {layer.residual}; it must be at least 0.5 and below 1.")
        self.encoder.check()
        self.training.check()

    def to_dict(self) -> dict[str, Any]:
        """Plain tables for TOML and JSON."""
        return dataclasses.asdict(self) | {"layers": [layer.used() for layer in self.layers]}

    @staticmethod
    def from_dict(tables: Mapping[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`; what is left out has its default.

        Raises:
            ConfigError: an unknown setting, or a value of the wrong type.
        """
        config: TrainConfig = _parse(TrainConfig, tables, "")
        return config

    @staticmethod
    def read(path: Path | str, base: TrainConfig) -> TrainConfig:
        """Settings from a TOML file; what it leaves out is as in `base`.

        Raises:
            ConfigError: the file is missing or no TOML, or holds an unknown or ill-typed setting.
        """
        try:
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}; give --config an existing TOML file.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}.") from error
        merged = base.to_dict()
        for name, value in tables.items():
            known = merged.get(name)
            merged[name] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
        try:
            return TrainConfig.from_dict(merged)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error

    def toml(self) -> str:
        """The settings as the text of a TOML file."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())


def _within(name: str, value: int, low: int, high: int | None) -> None:
    if value < low or (high is not None and value > high):
        raise ConfigError(f"{name} is {value}; it must be {f'at least {low}' if high is None else f'{low} to {high}'}.")


def _above(name: str, value: float, low: float) -> None:
    if not value > low or value == float("inf"):
        raise ConfigError(f"{name} is {value}; it must be a number above {low}.")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")


def _parse(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    """Turns tables, lists and scalars of TOML into the dataclass, tuple or scalar that `kind` names."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} must be a table.")
        hints = get_type_hints(kind)
        unknown = sorted(set(value) - set(hints))
        if unknown:
            raise ConfigError(f"{where + '.' if where else ''}{unknown[0]} is unknown; allowed: {', '.join(hints)}.")
        parsed = {name: _parse(hints[name], v, f"{where}.{name}".lstrip(".")) for name, v in value.items()}
        return kind(**parsed)
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} must be a list of tables, written [[{where}]].")
        return tuple(_parse(get_args(kind)[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        words: Mapping[Any, str] = types.MappingProxyType({int: "a whole number", float: "a number", str: "a string"})
        raise ConfigError(f"{where} is {value!r}; it must be {words[kind]}.")
    return value
