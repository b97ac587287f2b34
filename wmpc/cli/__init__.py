"""Command line: the only place that joins wm, planners and envs."""
