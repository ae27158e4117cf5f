"""The modules that make up a WARP logic network; they stand in a `torch.nn.Sequential`."""

from __future__ import annotations

import torch

from warp2hdl.errors import ConfigError
from warp2hdl.nn import functional, wiring
from warp2hdl.nn.relaxations import RELAXATIONS

MAX_ARITY = 6
SAMPLINGS = ("soft", "hard", "gumbel-soft", "gumbel-hard")
WIRINGS = ("random", "learned")


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(f"{field} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


class LogicLayer(torch.nn.Module):
    """A dense layer of k-input look-up tables with trainable Walsh coefficients.

    Takes `[batch, in_dim]`: float in [0, 1], or bool or uint8 bits (faster; bits take no gradient). Gives float32
    `[batch, out_dim]`: probabilities of logic 1 in training, exactly 0 or 1 from the truth tables in evaluation,
    where an input counts as 1 above 0.5.

    Args:
        in_dim: number of inputs.
        out_dim: number of nodes.
        arity: inputs of each node, 1 to 6.
        relaxation: how a node is relaxed: `walsh` (WARP, arXiv 2602.03527), `multilinear` (LIGHT, a sigmoid in each
            table entry), or `difflogic` (a softmax over the 16 gates, of 2 inputs only).
        sampling: what training passes on: `soft`, the probability; `hard`, its rounding with a straight-through
            gradient; `gumbel-soft` and `gumbel-hard`, the same with Logistic noise on the pre-activation.
        tau: temperature of the sigmoid.
        wiring: `random` (balanced fan-out) or `learned` (each input of a node chooses among candidates).
        candidates: how many inputs compete for each connection with learned wiring.
        residual: probability with which a new node passes on its first input.
        seed: of wiring and initialisation; None draws from torch's global generator.

    Raises:
        ConfigError: an argument out of range.
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
        wiring: str = "random",
        candidates: int = 32,
        residual: float = 0.88,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= arity <= MAX_ARITY:
            raise ConfigError(f"arity is {arity}; a look-up table has 1 to {MAX_ARITY} inputs.")
        if in_dim < 1 or out_dim < 1:
            raise ConfigError(f"a layer of {in_dim} inputs and {out_dim} nodes is empty; both must be at least 1.")
        if tau <= 0:
            raise ConfigError(f"tau is {tau}; it must be positive.")
        if not 0.5 <= residual < 1:
            raise ConfigError(f"residual is {residual}; it must be at least 0.5 and below 1.")
        self.in_dim, self.out_dim, self.arity, self.tau = in_dim, out_dim, arity, tau
        self.relaxation = _one_of("relaxation", relaxation, tuple(RELAXATIONS))
        self.sampling = _one_of("sampling", sampling, SAMPLINGS)
        if RELAXATIONS[relaxation].linear and sampling.startswith("gumbel"):
            raise ConfigError(f"sampling is {sampling!r}; the relaxation {relaxation} takes soft or hard.")
        self.wiring = _one_of("wiring", wiring, WIRINGS)
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        self._wire(min(candidates, in_dim), generator)
        weight = RELAXATIONS[relaxation].initial(out_dim, arity, tau, residual)
        self.weight = torch.nn.Parameter(weight + 0.01 * tau * torch.randn(weight.shape, generator=generator))

    fanins: torch.Tensor
    candidate_inputs: torch.Tensor

    def _wire(self, candidates: int, generator: torch.Generator | None) -> None:
        if self.wiring == "random":
            fanins = wiring.random_fanins(self.in_dim, self.out_dim, self.arity, generator)
            self.register_buffer("fanins", fanins)
            return
        if candidates < 1:
            raise ConfigError(f"candidates is {candidates}; learned wiring needs at least 1.")
        inputs = wiring.random_candidates(self.in_dim, self.out_dim, self.arity, candidates, generator)
        self.register_buffer("candidate_inputs", inputs)
        self.wiring_weight = torch.nn.Parameter(0.01 * torch.rand(inputs.shape, generator=generator))

    def current_fanins(self) -> torch.Tensor:
        """Which inputs the nodes read now: int32 `[out_dim, arity]`."""
        if self.wiring == "random":
            return self.fanins
        best = self.wiring_weight.detach().argmax(-1, keepdim=True)
        return self.candidate_inputs.gather(-1, best).squeeze(-1)

    def tables(self) -> torch.Tensor:
        """Hard truth tables now: bool `[out_dim, 2**arity]`, entry a the output at address a."""
        return RELAXATIONS[self.relaxation].tables(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[batch, in_dim]` -> `[batch, out_dim]`."""
        if x.ndim != 2 or x.shape[1] != self.in_dim:
            raise ConfigError(f"the input has shape {tuple(x.shape)}; this layer takes [batch, {self.in_dim}].")
        # Inside, rows are signals. The result is a transposed view, so the next layer's transposition costs nothing.
        x = x.t()
        is_bits = not x.is_floating_point()
        if not self.training:
            bits = (x if is_bits else x > 0.5).to(torch.uint8)
            return functional.look_up_layer(bits, self.current_fanins(), self.tables()).float().t()
        noise = None
        if self.sampling.startswith("gumbel"):
            noise = functional.logistic_noise((self.out_dim, x.shape[1]), self.weight)
        learned = self.wiring == "learned"
        relaxation = RELAXATIONS[self.relaxation]
        return functional.walsh_layer(
            x.contiguous().to(torch.uint8 if is_bits else torch.float32),
            self.current_fanins(),
            relaxation.coefficients(self.weight, self.tau),
            self.tau,
            noise=noise,
            linear=relaxation.linear,
            hard=self.sampling.endswith("hard"),
            candidates=self.candidate_inputs if learned else None,
            wiring=self.wiring_weight if learned else None,
        ).t()

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        return f"{self.in_dim}, {self.out_dim}, arity={self.arity}, relaxation={self.relaxation}, wiring={self.wiring}"


class GroupSum(torch.nn.Module):
    """Sums consecutive groups of equal size into class scores: `[batch, k * n]` -> `[batch, k]`, divided by tau.

    Args:
        k: number of classes.
        tau: divisor that makes logits of the counts.

    Raises:
        ConfigError: the number of inputs is not divisible by k.
    """

    def __init__(self, k: int, tau: float = 1.0) -> None:
        super().__init__()
        self.k, self.tau = k, tau

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[batch, k * n]` -> `[batch, k]`."""
        if x.shape[-1] % self.k:
            raise ConfigError(
                f"{x.shape[-1]} outputs do not divide into {self.k} classes; make the last width a multiple of it."
            )
        return x.t().reshape(self.k, -1, x.shape[0]).sum(1).t() / self.tau

    def extra_repr(self) -> str:
        """The settings, as `print(model)` shows them."""
        return f"k={self.k}, tau={self.tau}"
