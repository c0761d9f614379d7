#!/usr/bin/env bash
# Put desktop entry, icons, MIME types and metadata under a share folder.
# Usage: desktop_files.sh SHARE PROGRAM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# In the archive that users unpack, the files lie beside this script.
icons=$here/icons
[ -d "$icons" ] || icons=$here/../../resources/icons
share=$1 program=$2
install -d "$share/applications"
sed "s|^Exec=cubeview |Exec=\"$program\" |" "$here/cubeview-desktop.desktop" \
  > "$share/applications/cubeview-desktop.desktop"
chmod 644 "$share/applications/cubeview-desktop.desktop"
install -Dm644 "$here/cubeview-desktop.xml" "$share/mime/packages/cubeview-desktop.xml"
install -Dm644 "$here/org.cubeview.CubeView.metainfo.xml" \
  "$share/metainfo/org.cubeview.CubeView.metainfo.xml"
install -Dm644 "$icons/cubeview.svg" "$share/icons/hicolor/scalable/apps/cubeview-desktop.svg"
for size in 16 32 48 64 128 256 512; do
  install -Dm644 "$icons/cubeview-$size.png" \
    "$share/icons/hicolor/${size}x$size/apps/cubeview-desktop.png"
done
