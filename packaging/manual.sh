#!/usr/bin/env bash
# Make the manual: its pages into resources/manual, where the program and every package find them, the
# man page and the completions of shells into build/manual. Warnings are errors, and so is anything
# that a page would fetch. Usage: packaging/manual.sh (PYTHON names one with the extra "docs")
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
work=build/manual
rm -rf "$work"
mkdir -p "$work/shells"
export QT_QPA_PLATFORM=offscreen
# No file may differ for the hour it was made in.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
build() { "$python" -m sphinx -q -W --keep-going -E -d "$work/trees" -b "$1" docs "$2"; }
build html "$work/html"
build man "$work/man"
if grep -rlE "(src|href)=\"(https?:)?//[^\"]*\\.(js|css|woff2?|png|svg)\"|@import|url\\((https?:)?//" "$work/html"; then
  echo "these pages would fetch something; the manual has to work from a folder" >&2
  exit 1
fi
rm -f "$work/html/.buildinfo" "$work/html/objects.inv"
"$python" packaging/common/manual_parts.py "$work"
rm -rf resources/manual
mv "$work/html" resources/manual
echo "the manual is resources/manual/index.html, $(du -sh resources/manual | cut -f1)"
