"""Distribution shift: the same task in a world that differs a little from the one learnt from.

`SHIFTS` lists what can be shifted; each works on any `MjModel`, by name pattern. `apply` shifts a
task, `shifted` the cases of a manifest.
"""

from envs.shift.apply import apply, complete
from envs.shift.cases import shifted, solved_by_nothing
from envs.shift.table import SHIFTS

__all__ = ["SHIFTS", "apply", "complete", "shifted", "solved_by_nothing"]
