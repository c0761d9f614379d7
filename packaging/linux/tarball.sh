#!/usr/bin/env bash
# Make the archive that a user without administrator rights unpacks and installs.
# Usage: tarball.sh BUNDLE VERSION OUTDIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$(realpath "$1") version=$2 out=$(realpath "$3")
name=cubeview-$version-linux-$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/desktop/icons" "$work/$name/shells"
cp "$here"/../../build/manual/shells/cubeview.* "$work/$name/shells/"
cp -a "$bundle" "$work/$name/cubeview"
cp "$here/install.sh" "$work/$name/"
cp "$here/desktop_files.sh" "$here/cubeview-desktop.desktop" "$here/cubeview-desktop.xml" \
  "$here/org.cubeview.CubeView.metainfo.xml" "$work/$name/desktop/"
cp "$here"/../../resources/icons/* "$work/$name/desktop/icons/"
tar -C "$work" --owner=0 --group=0 --sort=name -cf - "$name" |
  zstd -q -f -"${CUBEVIEW_ZSTD:-9}" -T0 -o "$out/$name.tar.zst"
ls -l "$out/$name.tar.zst"
