#!/usr/bin/env bash
# Build what is published into dist/: the source archive, the wheel built from it, and a CycloneDX
# SBOM of what an install of the wheel brings.  `make release` runs it.
#
# The wheel is installed under each of PYTHONS that this machine has, away from the checkout, and
# there checks the shipped run, records, trains, plans and reports at toy size. Pythons that are missing are named.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra pythons <<<"${PYTHONS:-python3.11 python3.12 python3.13}"
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT

rm -rf dist build
.venv/bin/python -m build
wheel=$PWD/$(echo dist/*.whl)

try() {  # the wheel in an environment of its own
    local bin=$1/bin
    mkdir "$1/work"
    cd "$1/work"
    "$bin/wmpc" check count=4
    "$bin/wmpc" collect task=reacher name=toy episodes=10 steps=10 workers=0 task.kwargs.image_size=32
    "$bin/wmpc" train name=toy model=tiny train.steps=3 train.batch=4
    "$bin/wmpc" eval run=runs/toy cases.count=2 cases.blocks=1 cold=0 videos=0 \
        reference.cases=0 planner.samples=8 planner.elites=4 planner.iterations=1
    "$bin/wmpc" report run=runs/toy
    test -s runs/toy/report.html
}

tried=() missing=()
for python in "${pythons[@]}"; do
    if ! "$python" -c '' 2>/dev/null; then
        missing+=("$python")
        continue
    fi
    PYTHON=$python bash scripts/setup.sh "$away/$python" "$wheel"
    (try "$away/$python")
    tried+=("$("$python" -V)")
done
[ ${#tried[@]} -gt 0 ] || { echo "none of ${pythons[*]} is here: set PYTHONS" >&2; exit 1; }

.venv/bin/python -m venv "$away/tools"
"$away/tools/bin/pip" install -qq cyclonedx-bom
first=$(find "$away" -maxdepth 1 -name 'python3*' | sort | head -1)
"$away/tools/bin/cyclonedx-py" environment "$first/bin/python" --pyproject pyproject.toml \
    --output-format JSON --output-file "${wheel%-py3-none-any.whl}.cdx.json"

ls -l dist
echo "The wheel works with ${tried[*]}.${missing:+ Not here, so not tried: ${missing[*]}.}"
