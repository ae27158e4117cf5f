"""difflogic's interface: `from warp2hdl.difflogic import LogicLayer, GroupSum, PackBitsTensor, CompiledLogicNet`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from warp2hdl import engines, ir
from warp2hdl.backends import c_source
from warp2hdl.encode import Encoder
from warp2hdl.errors import ConfigError
from warp2hdl.lower import lower
from warp2hdl.nn import GroupSum, LogicLayer, PackBitsTensor

__all__ = ["CompiledLogicNet", "GroupSum", "LogicLayer", "PackBitsTensor"]

_WIDTHS = (8, 16, 32, 64)
_COMPILERS = ("gcc", "clang")
_ENGINES = {"cpu": "simd", "cuda": "triton"}

Bits = npt.NDArray[np.bool_] | npt.NDArray[np.uint8] | torch.Tensor


class CompiledLogicNet(torch.nn.Module):
    """A trained network made ready to classify on the CPU, with the calls that difflogic's class of this name has.

    The network is taken as it is when the object is made: later training changes nothing. Nothing is compiled by a C
    compiler; the bits go through an engine (`warp2hdl.engines`), which takes any number of samples, from several
    threads at once too.

    Args:
        model: a `torch.nn.Sequential` of the layers of this package that ends in a `GroupSum`; `torch.nn.Flatten` is
            passed over. None is for `load`.
        device: `cpu`, or `cuda` for the engine `triton`.
        num_bits: accepted because difflogic has it: 8, 16, 32 or 64. The engine's words are as wide as the CPU's.
        cpu_compiler: accepted because difflogic has it: `gcc` or `clang`.
        verbose: whether to print what was made of the model.
        threads: how many threads one call uses.

    Raises:
        ConfigError: an argument out of range.
        LoweringError: a layer that has no LUT form, or no `GroupSum` at the end.
    """

    def __init__(
        self,
        model: torch.nn.Sequential | None,
        device: str = "cpu",
        num_bits: int = 64,
        cpu_compiler: str = "gcc",
        verbose: bool = False,
        *,
        threads: int = 1,
    ) -> None:
        super().__init__()
        if device not in _ENGINES:
            raise ConfigError(f"device is {device!r}; it must be one of {', '.join(map(repr, _ENGINES))}.")
        if num_bits not in _WIDTHS:
            raise ConfigError(f"num_bits is {num_bits}; it must be one of {', '.join(map(str, _WIDTHS))}.")
        if cpu_compiler not in _COMPILERS:
            raise ConfigError(f"cpu_compiler is {cpu_compiler!r}; it must be one of {', '.join(_COMPILERS)}.")
        self.model = model
        self.device, self.num_bits, self.cpu_compiler, self.threads = device, num_bits, cpu_compiler, threads
        self._engine: engines.Engine | None = None
        if model is not None:
            self._take(_circuit_of(model))
            if verbose:
                print(f"{self.circuit.network.nodes} nodes, {self.num_inputs} inputs, {self.num_classes} classes")

    circuit: ir.Circuit
    """The network as a circuit, whose features are its input bits."""
    num_inputs: int
    num_classes: int

    def _take(self, circuit: ir.Circuit) -> None:
        self.circuit = circuit
        self.num_inputs, self.num_classes = circuit.encoder.features, circuit.groups.classes

    def compile(self, opt_level: int = 1, save_lib_path: str | Path | None = None, verbose: bool = False) -> None:
        """Makes the engine, which otherwise the first call does.

        Args:
            opt_level: accepted because difflogic has it: 0 to 3.
            save_lib_path: where to save the network, whatever its ending, for `load`: a circuit without code in it,
                of which all other commands and functions of this package can make use as well.
            verbose: whether to print how large the network is.

        Raises:
            ConfigError: `opt_level` is not 0 to 3.
            OutputError: the file cannot be written.
            ToolError: the engine needs something that this machine lacks.
        """
        if opt_level not in range(4):
            raise ConfigError(f"opt_level is {opt_level!r}; it must be 0 to 3.")
        self._engine = engines.make(self.circuit, _ENGINES[self.device], self.threads)
        if save_lib_path is not None:
            ir.save(self.circuit, save_lib_path)
        if verbose:
            print(
                f"{self.circuit.network.nodes} nodes are ready" + (f", saved as {save_lib_path}" * bool(save_lib_path))
            )

    @staticmethod
    def load(
        save_lib_path: str | Path, num_classes: int | None = None, num_bits: int = 64, *, threads: int = 1
    ) -> CompiledLogicNet:
        """The network that `compile` saved, or any other circuit.

        Args:
            save_lib_path: the file.
            num_classes: how many classes it should have; None is as many as it has.
            num_bits: as above.
            threads: as above.

        Raises:
            ConfigError: the network has another number of classes, or an argument is out of range.
            DataError: there is no such file.
            FormatError: the file is damaged or foreign, such as a shared object that difflogic made.
        """
        found = CompiledLogicNet(None, num_bits=num_bits, threads=threads)
        circuit = ir.load(save_lib_path)
        if num_classes not in (None, circuit.groups.classes):
            raise ConfigError(
                f"num_classes is {num_classes}, but the network in {save_lib_path} has {circuit.groups.classes}."
            )
        found._take(circuit)
        found.compile()
        return found

    def forward(self, x: Bits, verbose: bool = False) -> torch.Tensor:
        """Bits `[batch, num_inputs]` -> counts of the classes int32 `[batch, num_classes]`, not divided by tau.

        Args:
            x: bool, or uint8 where what is not 0 is 1: an array or a tensor in any memory layout.
            verbose: whether to print the shapes.

        Raises:
            ConfigError: other values than bits, or a wrong number of inputs.
        """
        bits = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
        if bits.dtype not in (np.bool_, np.uint8) or bits.ndim != 2 or bits.shape[1] != self.num_inputs:
            raise ConfigError(
                f"the input is {bits.dtype} of shape {bits.shape}; this network takes bool [batch, {self.num_inputs}]."
            )
        if self._engine is None:
            self.compile()
        assert self._engine is not None
        found = torch.from_numpy(self._engine.scores(bits).astype(np.int32))
        if verbose:
            print(f"x {tuple(bits.shape)}, out {tuple(found.shape)}")
        return found

    def get_c_code(self) -> str:
        """The network as one C99 source for use elsewhere; its comments and `docs/export.md` say how to call it."""
        texts = c_source.convert(self.circuit, "net.h")
        return texts.source.replace('#include "net.h"\n', texts.header, 1)


def _circuit_of(model: torch.nn.Sequential) -> ir.Circuit:
    """The circuit of a network, whose features are the bits that its first layer reads."""
    layers: list[Any] = list(model)
    inputs = next((layer.in_dim for layer in layers if hasattr(layer, "in_dim")), 1)
    classes = next((layer.k for layer in layers if isinstance(layer, GroupSum)), 2)
    return lower(
        model,
        bit_encoder(inputs),
        name="logic_net",
        feature_names=[f"bit_{i}" for i in range(inputs)],
        class_names=[str(i) for i in range(classes)],
    )


def bit_encoder(inputs: int) -> Encoder:
    """An encoder of features that are bits already."""
    ones = np.ones(inputs)
    return Encoder(
        feature_bits=ones.astype(np.uint8),
        scale=ones,
        offset=np.zeros(inputs),
        bit_feature=np.arange(inputs, dtype=np.int32),
        bit_threshold=ones.astype(np.uint32),
    )
