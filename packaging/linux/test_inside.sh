#!/usr/bin/env bash
# Use an installed CubeView as an ordinary user: from the command line, and with a window on Xvfb.
# Usage: test_inside.sh PROGRAM FOLDER
set -euo pipefail
program=$1 folder=$2
export HOME=${HOME:-/home/$(id -un)} QT_LOGGING_RULES="*.debug=false"
[ "$(id -u)" != 0 ] || { echo "not as root" >&2; exit 1; }
cd "$HOME"
mkdir -p pictures
samples=$folder/_internal/resources/samples
ready=60

echo "-- self-test"
"$program" --self-test
echo "-- commands"
"$program" --version
"$program" info "$samples/sky.fits" "$samples/heart_rest.dcm" | head -4
"$program" predict --json "$samples/sky.fits" --at 5000 0 0 | head -5 || true

echo "-- window"
Xvfb :7 -screen 0 1600x1000x24 -nolisten tcp > /dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
export DISPLAY=:7
for _ in $(seq 50); do xdotool getdisplaygeometry > /dev/null 2>&1 && break; sleep 0.2; done
begin=$(date +%s.%N)
"$program" "$samples/sky.fits" > window.log 2>&1 &
window=$!
id=""
for _ in $(seq $((ready * 20))); do
  id=$(xdotool search --onlyvisible --pid "$window" 2>/dev/null | head -1) && [ -n "$id" ] && break
  sleep 0.05
done
[ -n "$id" ] || { echo "no window"; cat window.log; exit 1; }
echo "window visible after $(echo "$begin $(date +%s.%N)" | awk '{printf "%.2f", $2 - $1}') s"
if grep -q libtorch /proc/$window/maps; then echo "torch is loaded before it is needed"; exit 1; fi
sleep 8
import -window root pictures/sky.png
echo "-- second start hands its file over"
"$program" "$samples/heart_rest.dcm" "$samples/heart_stress.dcm"
sleep 8
[ "$(xdotool search --onlyvisible --name CubeView 2>/dev/null | wc -l)" -ge 1 ]
[ "$(pgrep -cx cubeview)" = 1 ] || { echo "two programs run"; exit 1; }
import -window root pictures/heart.png
# The program's own keys: classify, map, about.
xdotool windowfocus "$id" key --clearmodifiers p
sleep 12
import -window root pictures/heart-classified.png
echo "-- quit"
xdotool windowfocus "$id" key --clearmodifiers ctrl+q
for _ in $(seq 100); do kill -0 $window 2>/dev/null || break; sleep 0.1; done
if kill -0 $window 2>/dev/null; then echo "it does not quit"; exit 1; fi
wait $window
if grep -v -e '^$' window.log; then echo "the program wrote the above"; fi
rm window.log
