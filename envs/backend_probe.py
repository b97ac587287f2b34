"""Try one OpenGL backend: `python -m wmpc.envs.backend_probe egl` prints a line of JSON.

See `wmpc.envs.gl.probe`.
"""

import json
import sys
import time
from typing import Any

from wmpc.envs import gl
from wmpc.envs.tasks.reacher.task import Reacher
from wmpc.errors import WmpcError


def _measure(backend: str) -> dict[str, Any]:
    try:
        task = Reacher()
        task.reset(seed=0)
        started, pictures = time.perf_counter(), 100
        for _ in range(pictures):
            task.render()
        spent = time.perf_counter() - started
        name = gl.renderer()
    except WmpcError as error:
        return {"backend": backend, "error": str(error)}
    return {"backend": backend, "renderer": name, "milliseconds": 1000 * spent / pictures}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(sys.argv[1])) + "\n")
