#!/usr/bin/env bash
# Make the pictures of the README from the bundled samples and models and from simulated cases,
# without a display.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p packaging/screenshots
# Teaching, while it runs and when it is done.
QT_QPA_PLATFORM=offscreen "${PYTHON:-.venv/bin/python}" -m pytest -q -m screenshot tests/gui/panels/test_teach_pictures.py
CUBEVIEW_HOME="$work/home" "${PYTHON:-.venv/bin/python}" -m cubeview demo --out "$work/heart.png"
mv "$work/heart.png" packaging/screenshots/heart.png
mv "$work/heart-sky.png" packaging/screenshots/sky.png
"${PYTHON:-.venv/bin/python}" packaging/screenshot_library.py packaging/screenshots/library.png
ls -l packaging/screenshots
