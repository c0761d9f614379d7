#!/usr/bin/env bash
# The whole job with an installed CubeView, as commands, in an empty folder: open the samples,
# classify, explain, label, fine-tune two epochs, and meet a library of a newer version.
# Usage: use.sh PROGRAM SAMPLES
set -euo pipefail
program=$1 samples=$2
heart=("$samples/heart_rest.dcm" "$samples/heart_stress.dcm")

say() { echo "-- $*"; }
hold() { grep -q -e "$1" "$2" || { echo "expected $1 in:" >&2; cat "$2" >&2; exit 1; }; }

say self-test
"$program" --self-test | tee self-test.txt
# The answers are stored with the models; what comes out below has to be the same.
answer=$(sed -n 's/^ok  *predict with spect-mpi .* s  \([a-z ]*\) [01]\..*/\1/p' self-test.txt)
[ -n "$answer" ] || { echo "the self-test did not ask spect-mpi" >&2; exit 1; }
say open
"$program" info "${heart[@]}" "$samples/sky.fits" > info.txt
hold "heart, 36" info.txt
hold "sky, 120" info.txt
say classify
"$program" predict "${heart[@]}" | tee predict.txt
hold "sim7-0000: $answer" predict.txt
say explain
"$program" explain "${heart[@]}" --method cam --out cam.npz
"$program" explain "${heart[@]}" --method occlusion --stride 8 --out occlusion.npz
[ -s cam.npz ] && [ -s occlusion.npz ]
say label
"$program" simulate spect --count 10 --seed 5 --out hearts > /dev/null
"$program" labels import --reader tester --yes hearts/cases.csv
"$program" labels list --reader tester > labels.txt
[ "$(wc -l < labels.txt)" = 10 ]
say fine-tune
# Ten cases are fewer than a batch holds, so a step is an epoch. The model stays with the user's own,
# where one of an installation before may lie.
taught=taught-$(date +%s)
"$program" finetune --labels hearts/cases.csv --base spect-mpi --out "$taught" --folds 2 --steps 2 \
  --json > taught.json
"$program" predict --model "$taught" "${heart[@]}"
say library
library=${CUBEVIEW_HOME:+$CUBEVIEW_HOME/data}
library=${library:-${XDG_DATA_HOME:-$HOME/.local/share}/cubeview}/library.sqlite
"$program" library check
cp "$library" newer.sqlite
# The format number is the header's user version: four bytes at 60.
printf '\x00\x00\x03\xe7' | dd of=newer.sqlite bs=1 seek=60 conv=notrunc status=none
before=$(sha256sum < newer.sqlite)
if "$program" library list --library newer.sqlite > newer.txt 2>&1; then
  echo "a newer library was opened" >&2
  exit 1
fi
hold "newer CubeView" newer.txt
[ "$(wc -l < newer.txt)" = 1 ] && [ "$before" = "$(sha256sum < newer.sqlite)" ]
"$program" labels list --reader tester | cmp - labels.txt
