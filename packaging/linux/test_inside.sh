#!/usr/bin/env bash
# Use an installed CubeView as an ordinary user: as commands, or in its window on Xvfb.
# Usage: test_inside.sh commands|window PROGRAM FOLDER
set -euo pipefail
mode=$1 program=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
export HOME=${HOME:-/home/$(id -un)} QT_LOGGING_RULES="*.debug=false"
[ "$(id -u)" != 0 ] || { echo "not as root" >&2; exit 1; }
if tail -n +3 /proc/net/dev | grep -qv ' lo:'; then echo "not with a network" >&2; exit 1; fi
cd "$HOME"
samples=$folder/_internal/resources/samples

if [ "$mode" = commands ]; then
  echo "-- libraries the system has to have"
  # Where the program itself looks first.
  missing=$(find "$folder" -name '*.so*' -type f -print0 |
    LD_LIBRARY_PATH=$folder/_internal xargs -0 -n 50 ldd 2>/dev/null | grep 'not found' | sort -u) ||
    true
  [ -z "$missing" ] || { echo "missing: $missing" >&2; exit 1; }
  work=$(mktemp -d)
  (cd "$work" && "$here/use.sh" "$program" "$samples")
  echo "-- manual"
  [ -s "$folder/_internal/resources/manual/panels/classify.html" ] ||
    { echo "the manual is not in the package" >&2; exit 1; }
  rm -rf "$work"
  exit
fi

mkdir -p pictures
Xvfb :7 -screen 0 1600x1000x24 -nolisten tcp > /dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
export DISPLAY=:7
for _ in $(seq 50); do xdotool getdisplaygeometry > /dev/null 2>&1 && break; sleep 0.2; done

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local end=$(($(date +%s) + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$(date +%s)" -lt "$end" ] || { echo "waited in vain for: $*" >&2; cat window.log >&2; exit 1; }
    sleep 0.1
  done
}
shown() { xdotool search --onlyvisible --pid "$window"; }
titled() { xdotool search --onlyvisible --name "$1"; }
loaded() { grep -q libtorch_cpu "/proc/$window/maps"; }
gone() { ! kill -0 "$1"; }
# Until the window has looked the same three times running: whatever was asked is done.
settled() {
  local now last="" same=0
  for _ in $(seq 120); do
    now=$(import -window root rgb:- | md5sum)
    if [ "$now" = "$last" ]; then same=$((same + 1)); else same=0; fi
    [ "$same" -lt 3 ] || return 0
    last=$now
    sleep 1.5
  done
  echo "the window does not come to rest" >&2
  exit 1
}
press() { xdotool windowfocus --sync "$id" key --clearmodifiers "$1"; }

echo "-- window"
begin=$(date +%s.%N)
"$program" "$samples/sky.fits" > window.log 2>&1 &
window=$!
wait_for 60 shown
echo "window visible after $(echo "$begin $(date +%s.%N)" | awk '{printf "%.2f", $2 - $1}') s"
id=$(shown | head -1)
settled
if loaded; then echo "torch is loaded before it is needed" >&2; exit 1; fi
import -window root pictures/sky.png
echo "-- second start hands its file over and ends"
timeout 60 "$program" "$samples/heart_rest.dcm" "$samples/heart_stress.dcm"
settled
[ "$(pgrep -cx cubeview)" = 1 ] || { echo "two programs run" >&2; exit 1; }
if loaded; then echo "torch is loaded before it is needed" >&2; exit 1; fi
import -window root pictures/heart.png
echo "-- classify, map, label"
press p
wait_for 60 loaded
settled
import -window root pictures/heart-classified.png
press c
settled
press 1
settled
import -window root pictures/heart-labelled.png
press t
settled
import -window root pictures/teach.png
echo "-- about"
# The last entry of the last menu.
press alt+h
sleep 1
xdotool key Up
xdotool key Return
wait_for 60 titled "About CubeView"
settled
import -window root pictures/about.png
xdotool windowfocus --sync "$(titled "About CubeView" | head -1)" key Escape
settled
echo "-- quit"
press ctrl+q
wait_for 40 gone "$window"
wait "$window" || { echo "it ended with $?" >&2; cat window.log >&2; exit 1; }
if grep -v '^$' window.log; then echo "the program wrote the above"; fi
if grep -q '^Traceback' window.log; then echo "something failed in the window" >&2; exit 1; fi
rm window.log
"$program" labels list | tee label.txt
grep -q healthy label.txt && rm label.txt
