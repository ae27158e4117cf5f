"""`PackBitsTensor`: the bits of a batch in integer words, and hard layers over them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels import infer_reference, layer_triton

_TYPES = {8: torch.int8, 16: torch.int16, 32: torch.int32, 64: torch.int64}
_ALIGNED = {"cpu": 2, "cuda": 16}
"""Words of a row: whole int64, and on a GPU also whole reads of its threads."""


class PackBitsTensor:
    """Bits `[batch, features]`, packed along the batch: difflogic's class of that name, for any batch size and device.

    A network of this package in evaluation takes it in place of its inputs and evaluates 32 samples at once; its
    `GroupSum` gives the counts int32 `[batch, k]`, not divided by tau, as difflogic's does. No call changes it.

    Args:
        t: bool `[batch, features]`, or uint8, where what is not 0 is 1.
        bit_count: width of the words that `t` shows: 8, 16, 32 or 64. It changes no result.
        device: where the bits are to be; None is where `t` is. Layers move them to where they are themselves.

    Raises:
        ConfigError: not such a tensor, another width, or a device that this machine lacks.
    """

    def __init__(self, t: torch.Tensor, bit_count: int = 32, device: torch.device | str | None = None) -> None:
        if t.ndim != 2 or t.dtype not in (torch.bool, torch.uint8):
            what = f"{t.dtype} of shape {tuple(t.shape)}"
            raise ConfigError(f"the bits are {what}; give bool [batch, features], as x.round().bool() is.")
        if bit_count not in _TYPES:
            raise ConfigError(f"bit_count is {bit_count}; it must be one of {', '.join(map(str, _TYPES))}.")
        wanted = t.device if device is None else torch.device(device)
        if wanted.type == "cuda" and not torch.cuda.is_available():
            raise ConfigError("device is 'cuda' but this machine has no CUDA device; leave it out to run on the CPU.")
        self.batch, self.bit_count = len(t), bit_count
        every = torch.arange(t.shape[1], dtype=torch.int32, device=wanted)
        self.rows = _empty(t.shape[1], self.batch, wanted)
        _kernels(wanted).compare(t.to(wanted).contiguous(), every, torch.ones_like(every), self.rows)

    rows: torch.Tensor
    """int32 `[features, words]`; sample i is bit i % 32 of word i // 32, and what follows the batch may be anything."""

    @property
    def t(self) -> torch.Tensor:
        """Signed integers of `bit_count` bits, `[features, ceil(batch / bit_count)]`, the first sample lowest."""
        return self.rows.view(_TYPES[self.bit_count])[:, : -(-self.batch // self.bit_count)]

    @property
    def pad_len(self) -> int:
        """How many samples the last words have room for beyond the batch."""
        return -self.batch % self.bit_count

    @property
    def shape(self) -> torch.Size:
        """`[batch, features]`."""
        return torch.Size((self.batch, len(self.rows)))

    @property
    def device(self) -> torch.device:
        """Where the bits are."""
        return self.rows.device

    def __len__(self) -> int:
        return self.batch

    def look_up(self, fanins: torch.Tensor, tables: torch.Tensor) -> PackBitsTensor:
        """The outputs of a layer.

        Args:
            fanins: int32 `[nodes, k]`, the features that each node reads; k from 1 to 6.
            tables: truth tables bool `[tables, 2**k]`; each run of `nodes / tables` nodes shares one.
        """
        rows = self.rows.to(fanins.device)
        out = _empty(len(fanins), self.batch, fanins.device)
        packed = _packed_tables(tables).repeat_interleave(len(fanins) // len(tables))
        places = torch.arange(len(fanins), dtype=torch.int32, device=fanins.device)
        _kernels(fanins.device).look_up(rows, fanins.to(torch.int32).contiguous(), packed, out, places)
        return self._with(out)

    def any_of(self, features: torch.Tensor) -> PackBitsTensor:
        """The OR of each row of features `[outputs, n]`, n at least 1."""
        places = features.long().to(self.device)
        found = self.rows[places[:, 0]]
        for column in places.t()[1:]:
            found |= self.rows[column]
        return self._with(found)

    def with_zero(self) -> PackBitsTensor:
        """The same with a further feature that is always 0."""
        return self._with(torch.cat((self.rows, self.rows.new_zeros(1, self.rows.shape[1]))))

    def group_sum(self, k: int) -> torch.Tensor:
        """How many bits of each of `k` consecutive groups of features are 1: int32 `[batch, k]`.

        Raises:
            ConfigError: the features do not divide into `k` groups.
        """
        features = len(self.rows)
        if k < 1 or features % k:
            raise ConfigError(
                f"{features} outputs do not divide into {k} classes; make the last width a multiple of it."
            )
        options: dict[str, Any] = {"dtype": torch.int32, "device": self.device}
        every = torch.arange(features, **options)
        offsets = torch.arange(k + 1, **options) * (features // k)
        kernels = _kernels(self.device)
        found: torch.Tensor = kernels.group_counts(self.rows, every, offsets, torch.zeros(k, **options), self.batch)
        return found

    def unpack(self) -> torch.Tensor:
        """The bits, bool `[batch, features]`."""
        return infer_reference.unpack(self.rows, self.batch).t().bool()

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> PackBitsTensor:
        """Itself, so that a `torch.nn.Flatten` lets it pass; the arguments are ignored."""
        return self

    def __repr__(self) -> str:
        return f"PackBitsTensor(batch={self.batch}, features={len(self.rows)}, bit_count={self.bit_count})"

    def _with(self, rows: torch.Tensor) -> PackBitsTensor:
        found = PackBitsTensor.__new__(PackBitsTensor)
        found.rows, found.batch, found.bit_count = rows, self.batch, self.bit_count
        return found


def require_evaluation(layer: torch.nn.Module) -> None:
    """Whether a layer may take packed bits.

    Raises:
        ConfigError: it is in training mode.
    """
    if layer.training:
        raise ConfigError("a PackBitsTensor has no gradient; call model.eval() before the network takes one.")


def _kernels(device: torch.device) -> ModuleType:
    """What evaluates on a device: Triton's kernels on a GPU where there are any, else the plain reference."""
    if device.type == "cpu" or not layer_triton.available():
        return infer_reference
    from warp2hdl.kernels import infer_triton

    return infer_triton


def _empty(rows: int, batch: int, device: torch.device) -> torch.Tensor:
    unit = _ALIGNED.get(device.type, 2)
    words = max(1, -(-infer_reference.words_of(batch) // unit)) * unit
    return torch.zeros(rows, words, dtype=torch.int32, device=device)


def _packed_tables(tables: torch.Tensor) -> torch.Tensor:
    """Truth tables bool `[tables, 2**k]` -> int64 `[tables]`, bit a the output at address a."""
    return (tables.long() << torch.arange(tables.shape[1], device=tables.device)).sum(1)
