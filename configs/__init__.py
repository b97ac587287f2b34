"""Hydra configuration tree, shipped in the wheel and found as pkg://wmpc.configs."""
