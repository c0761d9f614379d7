#!/usr/bin/env bash
# Install the wheel into an empty environment and use it from another folder.
# Usage: packaging/test_wheel.sh WHEEL [PYTHON]
set -euo pipefail
wheel=$(realpath "$1")
python=${2:-python3}
constraints=$(cd "$(dirname "$0")/.." && pwd)/constraints.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CUBEVIEW_HOME=$work/home QT_QPA_PLATFORM=offscreen
cd "$work"
"$python" -m venv env
env/bin/pip install --quiet --disable-pip-version-check -c "$constraints" "$wheel"
samples=$(env/bin/python -c 'from cubeview.paths import resource; print(resource("samples"))')
env/bin/cubeview info "$samples/sky.fits" "$samples/heart_rest.dcm" "$samples/heart_stress.dcm"
env/bin/cubeview --self-test
echo "wheel test passed"
