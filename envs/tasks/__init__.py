"""The tasks: a folder each, with its Python and its MuJoCo model."""
