"""A package of somebody's own: each file is one thing that wmpc can be told to use."""
