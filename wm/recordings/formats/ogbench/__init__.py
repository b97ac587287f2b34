"""OGBench's `.npz` files."""
