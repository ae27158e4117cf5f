"""Kernels for training: each fused kernel beside its plain reference."""

import os

# torch and Numba each have a pool of OpenMP threads. One that spins while it waits takes the processor from the other,
# and on a machine that does other work as well a training step takes several times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
