"""What is right and wrong with a model: small functions, each a number and a picture.

They take arrays, latents and callables; none knows an environment or a planner.
`wmpc.evaluation.diagnosis` joins them with both, and comes to a verdict.
"""

from wmpc.wm.diagnostics.finding import Finding

__all__ = ["Finding"]
