"""Kernels for training: each fused kernel beside its plain reference."""
