#!/usr/bin/env bash
# Make .venv with everything wmpc needs, pinned by constraints.txt, and see that MuJoCo can draw.
# Run by `make`; quick when nothing is missing. PYTHON names the interpreter (default python3).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
torch=$(grep '^torch==' constraints.txt)

# install NAME... : Debian packages, where we may; else the exact command, and stop.
install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        echo "Something is missing. Run this, then make again: sudo apt-get install -y $*" >&2
        exit 1
    fi
}

draws() { .venv/bin/python -m envs.gl "$1" 2>/dev/null | grep -q milliseconds; }

command -v "$python" >/dev/null || install python3 python3-venv
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "wmpc needs Python 3.11 or newer; $("$python" -V) came." \
        "Name another: make PYTHON=python3.11" >&2
    exit 1
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"

echo "Setting up .venv (a few minutes the first time)"
[ -x .venv/bin/pip ] || "$python" -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

# The CPU build first: the default one on Linux brings gigabytes of CUDA. For a GPU, install torch
# into .venv by hand; what satisfies the pin is left alone.
if ! pip freeze | grep -q "^$torch"; then
    pip install -q "$torch+cpu" 2>/dev/null ||
        pip install -q "$torch+cpu" --index-url https://download.pytorch.org/whl/cpu 2>/dev/null ||
        pip install -q "$torch"
fi
pip install -qq -c constraints.txt -e '.[dev]'

draws "${MUJOCO_GL:-egl}" || draws osmesa || {
    echo "MuJoCo has no OpenGL to draw with: installing software rendering"
    install libegl1 libgl1 libgl1-mesa-dri
    draws egl || { .venv/bin/wmpc doctor; exit 1; }
}
touch .venv/ready
