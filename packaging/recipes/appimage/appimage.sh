#!/usr/bin/env bash
# Make an AppImage of a frozen bundle with appimagetool. Usage: appimage.sh BUNDLE VERSION OUTDIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$(realpath "$1") version=$2 out=$(realpath "$3")
command -v appimagetool >/dev/null || { echo "needs appimagetool" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app=$work/CubeView.AppDir
install -d "$app/usr/lib"
cp -a "$bundle" "$app/usr/lib/cubeview"
"$here/../../linux/desktop_files.sh" "$app/usr/share" cubeview
sed 's|^Exec=.*|Exec=cubeview %F|' "$app/usr/share/applications/cubeview-desktop.desktop" \
  > "$app/cubeview-desktop.desktop"
cp "$app/usr/share/icons/hicolor/256x256/apps/cubeview-desktop.png" "$app/"
ln -s usr/lib/cubeview/cubeview "$app/AppRun"
ARCH=$(uname -m) VERSION=$version appimagetool --no-appstream "$app" \
  "$out/CubeView-$version-$(uname -m).AppImage"
