"""Settings of a training run: what `config.toml` holds, and the preset of each data set."""

from __future__ import annotations

import dataclasses
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from warp2hdl.errors import ConfigError


@dataclass(frozen=True)
class EncoderConfig:
    """How features become bits.

    Attributes:
        feature_bits: width of a feature's word, 1 to 16.
        thermometer_bits: quantile thresholds per feature, at least 1.
    """

    feature_bits: int = 8
    thermometer_bits: int = 4


@dataclass(frozen=True)
class LayerConfig:
    """One layer of look-up tables; `warp2hdl.nn.LogicLayer` describes each setting."""

    nodes: int = 1000
    arity: int = 6
    wiring: str = "random"
    candidates: int = 32
    relaxation: str = "walsh"
    sampling: str = "soft"
    tau: float = 1.0
    residual: float = 0.88


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes:
        epochs: passes over the training split, at least 1.
        batch_size: samples a step.
        learning_rate: of the Walsh coefficients (Adam), falling to 0 along a half cosine.
        wiring_learning_rate: of learned wiring.
        weight_decay: L2 penalty on the coefficients.
        group_tau: divisor of the class scores before the softmax.
        augment: `none`, or `shift`: images move by up to one pixel in training.
        jitter: feature words change by up to this much in training.
        seed: of every random choice.
        patience: epochs without a better hard validation accuracy before training stops; 0 never stops early.
    """

    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 0.02
    wiring_learning_rate: float = 0.02
    weight_decay: float = 0.0
    group_tau: float = 5.0
    augment: str = "none"
    jitter: int = 0
    seed: int = 0
    patience: int = 0


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
        if self.layers[-1].nodes % classes:
            raise ConfigError(
                f"layers[{len(self.layers) - 1}].nodes is {self.layers[-1].nodes}, which does not divide into "
                f"{classes} classes; make the last layer's width a multiple of {classes}."
            )
        for index, layer in enumerate(self.layers):
            where = f"layers[{index}]"
            _within(f"{where}.nodes", layer.nodes, 1, None)
            _within(f"{where}.arity", layer.arity, 1, 6)
            _within(f"{where}.candidates", layer.candidates, 1, None)
            _above(f"{where}.tau", layer.tau, 0)
            _one_of(f"{where}.wiring", layer.wiring, ("random", "learned"))
            _one_of(f"{where}.relaxation", layer.relaxation, ("walsh", "multilinear", "difflogic"))
            _one_of(f"{where}.sampling", layer.sampling, ("soft", "hard", "gumbel-soft", "gumbel-hard"))
            if layer.relaxation == "difflogic" and layer.arity != 2:
                raise ConfigError(
                    f"{where}.arity is {layer.arity}; the relaxation difflogic has gates of 2 inputs only."
                )
            if layer.relaxation != "walsh" and layer.sampling.startswith("gumbel"):
                raise ConfigError(
                    f"{where}.sampling is {layer.sampling!r}; the relaxation {layer.relaxation} takes soft or hard."
                )
            if not 0.5 <= layer.residual < 1:
                raise ConfigError(f"{where}.residual is {layer.residual}; it must be at least 0.5 and below 1.")
        _within("encoder.feature_bits", self.encoder.feature_bits, 1, 16)
        _within("encoder.thermometer_bits", self.encoder.thermometer_bits, 1, None)
        training = self.training
        _within("training.epochs", training.epochs, 1, None)
        _within("training.batch_size", training.batch_size, 1, None)
        _within("training.patience", training.patience, 0, None)
        _within("training.jitter", training.jitter, 0, None)
        _within("training.seed", training.seed, 0, 2**63 - 1)
        _above("training.learning_rate", training.learning_rate, 0)
        _above("training.wiring_learning_rate", training.wiring_learning_rate, 0)
        _above("training.group_tau", training.group_tau, 0)
        if not 0 <= training.weight_decay < float("inf"):
            raise ConfigError(f"training.weight_decay is {training.weight_decay}; it must be a number of at least 0.")
        _one_of("training.augment", training.augment, ("none", "shift"))

    def to_dict(self) -> dict[str, Any]:
        """Plain tables for TOML and JSON."""
        plain = dataclasses.asdict(self)
        return plain | {"layers": list(plain["layers"])}

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


_IMAGE_LAYER = LayerConfig(nodes=3000, arity=6, wiring="learned", sampling="gumbel-hard", tau=4.0, residual=0.6)
_IMAGES = TrainConfig(
    encoder=EncoderConfig(feature_bits=8, thermometer_bits=5),
    layers=(_IMAGE_LAYER,),
    training=TrainingConfig(
        epochs=25,
        batch_size=100,
        learning_rate=0.015,
        wiring_learning_rate=0.1,
        group_tau=5.0,
        augment="shift",
    ),
)

PRESETS: Mapping[str, TrainConfig] = types.MappingProxyType(
    {
        "digits": TrainConfig(
            encoder=EncoderConfig(feature_bits=5, thermometer_bits=4),
            layers=(LayerConfig(nodes=1000, arity=6, wiring="learned"),),
            training=TrainingConfig(epochs=80, group_tau=3.0, jitter=1),
        ),
        "mnist": _IMAGES,
        "fashion-mnist": dataclasses.replace(_IMAGES, training=dataclasses.replace(_IMAGES.training, augment="none")),
    }
)


def preset(dataset: str, classes: int, samples: int) -> TrainConfig:
    """The preset of a data set; for the user's own data one that fits its size.

    Args:
        dataset: the name of a data set, or anything else.
        classes: how many classes there are; the last layer's width becomes a multiple of it.
        samples: how many samples train.
    """
    config = PRESETS.get(dataset) or _for_samples(classes, samples)
    last = config.layers[-1]
    width = -(-last.nodes // classes) * classes
    return dataclasses.replace(config, layers=(*config.layers[:-1], dataclasses.replace(last, nodes=width)))


def _for_samples(classes: int, samples: int) -> TrainConfig:
    """About 3,000 steps at least, and at least 30 outputs for each class."""
    batch = 64
    nodes = max(600, 30 * classes)
    return TrainConfig(
        encoder=EncoderConfig(feature_bits=8, thermometer_bits=8),
        layers=(LayerConfig(nodes=nodes, arity=4, wiring="learned"),),
        training=TrainingConfig(
            epochs=max(10, min(1000, 3000 * batch // max(samples, batch))),
            batch_size=batch,
            learning_rate=0.01,
            group_tau=max(1.0, round(0.5 * (nodes / classes) ** 0.5, 1)),
        ),
    )
