#!/usr/bin/env bash
# Install the wheel into an empty environment and use it from another folder.
# Usage: packaging/test_wheel.sh WHEEL [PYTHON]
set -euo pipefail
wheel=$(realpath "$1")
python=${2:-python3}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CUBEVIEW_HOME=$work/home QT_QPA_PLATFORM=offscreen
cd "$work"
"$python" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-compile -c "$here/../constraints.txt" "$wheel"
samples=$(env/bin/python -c 'from cubeview.paths import resource; print(resource("samples"))')
[ -s "$(dirname "$samples")/manual/index.html" ] || { echo "the manual is not in the wheel" >&2; exit 1; }
mkdir used
(cd used && "$here/use.sh" "$work/env/bin/cubeview" "$samples")
env/bin/pip uninstall --quiet --yes cubeview-desktop
left=$(find env -iname '*cubeview*')
if [ -n "$left" ]; then echo "left behind: $left" >&2; exit 1; fi
[ -s home/data/library.sqlite ] || { echo "the user's library is gone" >&2; exit 1; }
echo "wheel test passed"
