"""Distribution shift: the same task in a world that differs a little from the one learnt from.

`SHIFTS` lists what can be shifted; each works on any `MjModel`, by name pattern. `apply` shifts a
task; `wmpc.evaluation.shift_cases` the cases of a manifest.
"""

from wmpc.envs.shift.apply import apply, complete
from wmpc.envs.shift.table import SHIFTS

__all__ = ["SHIFTS", "apply", "complete"]
