"""The modules that make up a WARP logic network; they stand in a `torch.nn.Sequential`."""

from __future__ import annotations

from typing import Any, overload

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.kernels.walsh_reference import stretch
from warp2hdl.nn import functional, wiring
from warp2hdl.nn.initial import INITIALS, initial_weight
from warp2hdl.nn.packed import PackBitsTensor, require_evaluation
from warp2hdl.nn.placement import place
from warp2hdl.nn.relaxations import RELAXATIONS
from warp2hdl.nn.relaxed import SAMPLINGS, has_kernels, prepared, relaxed_layer

MAX_ARITY = 6
WIRINGS = (*wiring.FIXED, "learned")


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(f"{field} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def training_rows(x: torch.Tensor) -> torch.Tensor:
    """Inputs `[inputs, batch]` of a type that the kernels of training take: uint8 bits, or floating-point."""
    if x.is_cuda and x.dtype == torch.bfloat16:
        return x
    return x.to(torch.float32 if x.is_floating_point() else torch.uint8)


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, factor: float) -> torch.Tensor:  # noqa: ANN401
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:  # noqa: ANN401
        return grads[0] * ctx.factor, None


class LogicLayer(torch.nn.Module):
    """A dense layer of k-input look-up tables.

    Takes `[batch, in_dim]`: float in [0, 1], or bool or uint8 bits (faster; bits take no gradient). Gives float32
    `[batch, out_dim]`: probabilities of logic 1 in training, exactly 0 or 1 from the truth tables in evaluation,
    where an input counts as 1 above 0.5.

    `in_dim`, `out_dim`, `connections`, `grad_factor`, `device` and `implementation` mean what they mean in difflogic.

    Args:
        in_dim: number of inputs.
        out_dim: number of nodes.
        arity: inputs of each node, 1 to 6.
        relaxation: how a node is relaxed: `walsh` (WARP, arXiv 2602.03527), `multilinear` (LIGHT, a sigmoid in each
            table entry), `difflogic` (a softmax over the 16 gates, of 2 inputs only), or `dwn` (a look-up at the
            rounded inputs with gradients by extended finite differences, arXiv 2410.11112).
        sampling: what training passes on: `soft`, the probability; `hard`, its rounding with a straight-through
            gradient; `gumbel-soft` and `gumbel-hard`, the same with noise: for `walsh` Logistic on the
            pre-activation, for each sample anew; otherwise on the logits of the table's entries (Logistic) or of the
            gates (Gumbel), for each step anew. `dwn` always passes on bits.
        tau: temperature of the sigmoid or softmax.
        limit: the most that `|z| / tau` of `walsh` nodes is to be, whose sigmoid is stretched to reach 0 and 1 there;
            0 is no limit. Training keeps the coefficients within (`warp2hdl.train.limit`).
        wiring: `random` (balanced fan-out), `unique` (also no two nodes with the same inputs), `structured` (a
            butterfly: after `log_k(width)` layers every node has seen every input), or `learned` (each input of a
            node chooses among candidates).
        candidates: how many inputs compete for each connection with learned wiring; 0 is all of them.
        initial: what the nodes start as: `residual`, `residual-catalog` or `random`
            (`warp2hdl.nn.initial.initial_weight`).
        residual: probability with which a new node passes on its first input.
        stage: the layer's number in a butterfly, which its stride depends on.
        seed: of wiring and initialisation; None draws from torch's global generator.
        connections: another name of `wiring`.
        grad_factor: what the gradient that goes to the layer's inputs is multiplied with.
        device: where the parameters are; None is the CPU, or with the implementation `cuda` the GPU.
        implementation: `python` trains on the plain reference path, `cuda` needs a GPU; None is the fastest there is.

    Raises:
        ConfigError: an argument out of range, or a device that this machine lacks.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        arity: int = 2,
        relaxation: str = "walsh",
        *,
        sampling: str = "soft",
        tau: float = 1.0,
        limit: float = 0.0,
        wiring: str = "random",
        candidates: int = 32,
        initial: str = "residual",
        residual: float = 0.88,
        stage: int = 0,
        seed: int | None = None,
        connections: str | None = None,
        grad_factor: float = 1.0,
        device: torch.device | str | None = None,
        implementation: str | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(arity, int) or not 1 <= arity <= MAX_ARITY:
            raise ConfigError(f"arity is {arity!r}; a look-up table has 1 to {MAX_ARITY} inputs.")
        if in_dim < 1 or out_dim < 1:
            raise ConfigError(f"a layer of {in_dim} inputs and {out_dim} nodes is empty; both must be at least 1.")
        if tau <= 0:
            raise ConfigError(f"tau is {tau}; it must be positive.")
        if limit < 0:
            raise ConfigError(f"limit is {limit}; it must be above 0, or 0 for none.")
        if not 0.5 <= residual < 1:
            raise ConfigError(f"residual is {residual}; it must be at least 0.5 and below 1.")
        where = place(device, implementation)
        self.in_dim, self.out_dim, self.arity, self.tau = in_dim, out_dim, arity, tau
        self.limit, self.grad_factor, self.implementation = limit, grad_factor, implementation
        self.relaxation = _one_of("relaxation", relaxation, tuple(RELAXATIONS))
        self.sampling = _one_of("sampling", sampling, SAMPLINGS)
        self.wiring = _one_of("wiring", wiring, WIRINGS)
        if connections is not None:
            self.wiring = _one_of("connections", connections, WIRINGS)
        _one_of("initial", initial, INITIALS)
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        self._wire(candidates, stage, generator)
        rule = RELAXATIONS[relaxation]
        if limit and not rule.linear:
            residual = 0.5 + (residual - 0.5) / stretch(limit)  # of the sigmoid before it is stretched
        weight = initial_weight(rule, out_dim, arity, tau, initial=initial, residual=residual, generator=generator)
        self.weight = torch.nn.Parameter(weight)
        self.to(where)

    fanins: torch.Tensor
    candidate_inputs: torch.Tensor | None
    watched: tuple[()] | tuple[torch.Tensor, torch.Tensor] = ()
    """After a forward pass while connections are watched: the inputs `[inputs, batch]`, and the rows of them that the
    connections read, `[out_dim * arity, batch]`, whose gradient is kept."""
    _watching = False

    def _wire(self, candidates: int, stage: int, generator: torch.Generator | None) -> None:
        if self.wiring != "learned":
            fanins = wiring.fixed_fanins(self.wiring, self.in_dim, self.out_dim, self.arity, stage, generator)
            self.register_buffer("fanins", fanins)
            return
        if candidates < 0:
            raise ConfigError(f"candidates is {candidates}; it must be at least 1, or 0 for all inputs.")
        inputs = None
        if 0 < candidates < self.in_dim:
            inputs = wiring.random_candidates(self.in_dim, self.out_dim, self.arity, candidates, generator)
        self.register_buffer("candidate_inputs", inputs)
        shape = (self.out_dim, self.arity, self.in_dim if inputs is None else candidates)
        self.wiring_weight = torch.nn.Parameter(0.01 * torch.rand(shape, generator=generator))

    @property
    def num_neurons(self) -> int:
        """The number of nodes, as difflogic calls it."""
        return self.out_dim

    @property
    def num_weights(self) -> int:
        """The number of nodes that have parameters, as difflogic counts them."""
        return self.out_dim

    @property
    def width(self) -> int:
        """The number of outputs: nodes, each at all positions where there are several."""
        return self.out_dim if self.wiring == "learned" else len(self.fanins)

    def current_fanins(self) -> torch.Tensor:
        """Which inputs the nodes read now: int32 `[out_dim, arity]`."""
        if self.wiring != "learned":
            return self.fanins
        best = self.wiring_weight.detach().argmax(-1, keepdim=True)
        if self.candidate_inputs is None:
            return best.squeeze(-1).to(torch.int32)
        return self.candidate_inputs.gather(-1, best).squeeze(-1)

    def tables(self) -> torch.Tensor:
        """Hard truth tables now: bool `[out_dim, 2**arity]`, entry a the output at address a."""
        return RELAXATIONS[self.relaxation].tables(self.weight)

    @overload
    def forward(self, x: torch.Tensor) -> torch.Tensor: ...

    @overload
    def forward(self, x: PackBitsTensor) -> PackBitsTensor: ...

    def forward(self, x: torch.Tensor | PackBitsTensor) -> torch.Tensor | PackBitsTensor:
        """`[batch, in_dim]` -> `[batch, out_dim]`; packed bits, in evaluation alone, give packed bits."""
        if len(x.shape) != 2 or x.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        if isinstance(x, PackBitsTensor):
            require_evaluation(self)
            return x.look_up(self.current_fanins(), self.tables())
        # Inside, rows are signals. The result is a transposed view, so the next layer's transposition costs nothing.
        x = x.t()
        if not self.training:
            bits = (x > 0.5 if x.is_floating_point() else x).to(torch.uint8)
            return functional.look_up_layer(bits, self.current_fanins(), self.tables()).float().t()
        x = training_rows(x)
        if self.grad_factor != 1 and x.requires_grad:
            scaled: torch.Tensor = _ScaleGradient.apply(x, self.grad_factor)
            x = scaled
        fanins, (candidates, wiring) = self.current_fanins(), self._competing
        if self._watching:
            x, fanins = self._watched_rows(x, fanins)
            candidates = wiring = None
        return relaxed_layer(
            x,
            fanins,
            self.weight,
            relaxation=self.relaxation,
            sampling=self.sampling,
            tau=self.tau,
            limit=self.limit,
            candidates=candidates,
            wiring=wiring,
            reference=self.implementation == "python",
        ).t()

    @property
    def _competing(self) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """The candidates and their weights where the wiring is learned; no candidates are all inputs."""
        return (self.candidate_inputs, self.wiring_weight) if self.wiring == "learned" else (None, None)

    @property
    def is_kernel(self) -> bool:
        """Whether `prepared` is all there is to this layer in training."""
        more = self.grad_factor != 1 or self.implementation == "python" or self._watching
        return not more and has_kernels(self.relaxation, *self._competing)

    def prepared(self) -> functional.Relaxed:
        """This step of training as the fused kernels take it."""
        candidates, wiring = self._competing
        return prepared(
            self.current_fanins(),
            self.weight,
            relaxation=self.relaxation,
            sampling=self.sampling,
            tau=self.tau,
            limit=self.limit,
            candidates=candidates,
            wiring=wiring,
        )

    def watch_connections(self, on: bool) -> None:
        """Whether forward passes in training keep what reaches each connection in `watched`; the wiring rests then."""
        self._watching, self.watched = on, ()

    def _watched_rows(self, x: torch.Tensor, fanins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = x[fanins.reshape(-1).long()].float()
        if rows.requires_grad:
            rows.retain_grad()
        else:
            rows.requires_grad_()
        self.watched = (x, rows)
        return rows, torch.arange(len(rows), dtype=torch.int32, device=rows.device).reshape(fanins.shape)

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        return f"{self.in_dim}, {self.out_dim}, arity={self.arity}, relaxation={self.relaxation}, wiring={self.wiring}"


class GroupSum(torch.nn.Module):
    """Sums consecutive groups of equal size into class scores: `[batch, k * n]` -> `[batch, k]`, divided by tau.

    Args:
        k: number of classes.
        tau: divisor that makes logits of the counts.
        device: accepted because difflogic has it; there is nothing to place.

    Raises:
        ConfigError: the number of inputs is not divisible by k.
    """

    def __init__(self, k: int, tau: float = 1.0, device: torch.device | str | None = None) -> None:
        super().__init__()
        self.k, self.tau = k, tau

    def forward(self, x: torch.Tensor | PackBitsTensor) -> torch.Tensor:
        """`[batch, k * n]` -> `[batch, k]`; of packed bits the counts as int32, not divided by tau, as in difflogic."""
        if isinstance(x, PackBitsTensor):
            require_evaluation(self)
            return x.group_sum(self.k)
        if x.shape[-1] % self.k:
            raise ConfigError(
                f"{x.shape[-1]} outputs do not divide into {self.k} classes; make the last width a multiple of it."
            )
        return x.t().reshape(self.k, x.shape[-1] // self.k, x.shape[0]).sum(1).t() / self.tau

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        return f"k={self.k}, tau={self.tau}"
