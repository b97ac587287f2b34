#!/usr/bin/env bash
# Make an environment with everything wmpc needs, pinned by constraints.txt, and see that MuJoCo can
# draw:  setup.sh [FOLDER [WHAT TO INSTALL]].  `make` runs it; PYTHON names the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
folder=${1:-.venv}
wanted=("${@:2}")
[ $# -gt 1 ] || wanted=(-e '.[dev]')
torch=$(grep '^torch==' constraints.txt)

# packages NAME... : from Debian where we may; else the exact command, and stop.
packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        echo "Something is missing. Run this, then make again: sudo apt-get install -y $*" >&2
        exit 1
    fi
}

pip() { "$folder/bin/python" -m pip --disable-pip-version-check "$@"; }

draws() { "$folder/bin/python" -m wmpc.envs.backend_probe "$1" 2>/dev/null | grep -q milliseconds; }

command -v "$python" >/dev/null || packages python3 python3-venv
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "wmpc needs Python 3.11 or newer; $("$python" -V) came." \
        "Name another: make PYTHON=python3.11" >&2
    exit 1
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"

echo "Setting up $folder (a few minutes the first time)"
[ -x "$folder/bin/pip" ] || "$python" -m venv "$folder"

# The CPU build of torch first: the default one on Linux brings gigabytes of CUDA. Where pip's index
# has no CPU build, point PIP_EXTRA_INDEX_URL at PyTorch's own, which its "get started" page names.
# For a GPU, install torch into the environment by hand: what satisfies the pin is left alone.
if ! pip freeze | grep -q "^$torch"; then
    pip install -q "$torch+cpu" 2>/dev/null || pip install -q "$torch"
fi
pip install -qq -c constraints.txt "${wanted[@]}"

if ! draws "${MUJOCO_GL:-egl}" && ! draws osmesa; then
    echo "MuJoCo finds no OpenGL to draw with: installing software rendering"
    packages libegl1 libgl1 libgl1-mesa-dri
    draws egl || { "$folder/bin/wmpc" doctor; exit 1; }
fi
touch "$folder/ready"
