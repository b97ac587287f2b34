"""Training: one plain loop, its schedule, its resumable state and what it watches."""
