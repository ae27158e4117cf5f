"""What every engine offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from warp2hdl.ir import Circuit


class Engine(Protocol):
    """Classifies samples with one circuit; it may be called from several threads at once."""

    @property
    def circuit(self) -> Circuit:
        """The circuit, as it was given."""

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class ids int64 `[batch]` of features `[batch, features]`; the lowest index wins a tie.

        Features are of any real type, in any memory layout; the encoder's scale and offset make words of them.

        Raises:
            DataError: a wrong number of features, or a value that is not a finite number.
        """

    def scores(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class scores int64 `[batch, classes]`; arguments and errors as of `predict`."""
