#!/usr/bin/env bash
# Write the pinned, hashed list of what a build is made of, for this system and this Python.
# Usage: packaging/common/lock.sh FILE [PYTHON]
set -euo pipefail
out=$(realpath -m "$1")
python=${2:-python3}
cd "$(dirname "$0")/../.."
report=$(mktemp)
trap 'rm -f "$report"' EXIT
"$python" - > "$report.in" <<'PYTHON'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
print("\n".join([*project["project"]["dependencies"], "pyinstaller", "hatchling", "build"]))
PYTHON
"$python" -m pip install --quiet --dry-run --ignore-installed --report "$report" \
  -c constraints.txt -r "$report.in"
rm -f "$report.in"
"$python" - "$report" > "$out" <<'PYTHON'
import json, sys
print("# What this build is made of; made by packaging/common/lock.sh.")
items = json.load(open(sys.argv[1]))["install"]
for item in sorted(items, key=lambda item: item["metadata"]["name"].lower()):
    about, found = item["metadata"], item["download_info"]["archive_info"]["hashes"]
    print(f"{about['name']}=={about['version']} --hash=sha256:{found['sha256']}")
PYTHON
wc -l "$out"
