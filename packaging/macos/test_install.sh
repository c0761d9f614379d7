#!/usr/bin/env bash
# Install from the disk image, use it, remove it. Usage: packaging/macos/test_install.sh IMAGE.dmg
set -euo pipefail
place=$(mktemp -d)
app=$place/CubeView.app
trap 'rm -rf "$place"' EXIT
mount=$(hdiutil attach -nobrowse -readonly "$1" | awk -F'\t' '/\/Volumes\//{print $NF}')
cp -R "$mount/CubeView.app" "$app"
hdiutil detach "$mount" > /dev/null
spctl --assess --verbose "$app" || echo "not notarised: Gatekeeper would ask"
"$app/Contents/MacOS/cubeview" --self-test
open -n -a "$app" "$app/Contents/Resources/resources/samples/sky.fits"
for _ in $(seq 60); do pgrep -f "$app/Contents/MacOS/cubeview" > /dev/null && break; sleep 1; done
sleep 5
# The second file goes to the running program as an event.
open -a "$app" "$app/Contents/Resources/resources/samples/heart_rest.dcm"
sleep 5
[ "$(pgrep -f "$app/Contents/MacOS/cubeview" | wc -l)" -eq 1 ]
osascript -e 'tell application id "org.cubeview.CubeView" to quit'
sleep 5
if pgrep -f "$app/Contents/MacOS/cubeview"; then echo "it does not quit" >&2; exit 1; fi
echo "macOS test passed"
