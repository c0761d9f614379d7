#!/usr/bin/env bash
# Make the Debian package of a frozen bundle. Usage: deb.sh BUNDLE VERSION OUTDIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$(realpath "$1") version=$2 out=$(realpath "$3")
name=cubeview-desktop
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/$name
doc=$root/usr/share/doc/$name

install -d "$root/opt" "$root/usr/bin" "$doc" "$root/DEBIAN"
cp -a "$bundle" "$root/opt/cubeview"
rm -f "$root/opt/cubeview/LICENSE" "$root/opt/cubeview/_internal/LICENSE"
# Debian keeps the text once for all packages; the program shows it under Help, About.
ln -s /usr/share/common-licenses/GPL-3 "$root/opt/cubeview/_internal/LICENSE"
find "$root/opt/cubeview" -type d -exec chmod 755 {} +
find "$root/opt/cubeview" -type f -exec chmod 644 {} +
find "$root/opt/cubeview" -type f -name torch_shm_manager -exec chmod 755 {} +
chmod 755 "$root/opt/cubeview/cubeview"
# Another package has /usr/bin/cubeview; ours is an alternative for that name (see postinst).
ln -s /opt/cubeview/cubeview "$root/usr/bin/cubeview-desktop"

"$here/desktop_files.sh" "$root/usr/share" /opt/cubeview/cubeview
install -Dm644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/$name"
made=$here/../../build/manual
install -Dm644 "$made/man/$name.1" "$root/usr/share/man/man1/$name.1"
gzip -9n "$root/usr/share/man/man1/$name.1"
install -Dm644 "$made/shells/$name.bash" "$root/usr/share/bash-completion/completions/$name"
install -Dm644 "$made/shells/$name.zsh" "$root/usr/share/zsh/vendor-completions/_$name"
# Where a Debian user looks for it; the program finds it among its resources.
ln -s /opt/cubeview/_internal/resources/manual "$doc/html"
install -m644 "$here/copyright" "$doc/copyright"
printf '%s (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n -- %s  %s\n' \
  "$name" "$version" "CubeView developers <cubeview@localhost.localdomain>" \
  "$(LC_ALL=C date -R -u -d @"${SOURCE_DATE_EPOCH:-$(date +%s)}")" | gzip -9n > "$doc/changelog.gz"
chmod 644 "$doc/changelog.gz"

depends=$("$here/depends.sh" "$root/opt/cubeview")

cat > "$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $arch
Maintainer: CubeView developers <cubeview@localhost.localdomain>
Installed-Size: $(du -sk --apparent-size "$root" | cut -f1)
Depends: $depends, fontconfig-config, fonts-dejavu-core | fonts-freefont-ttf | fonts-liberation
Recommends: desktop-file-utils, shared-mime-info
Section: science
Priority: optional
Description: see heart scans and sky cubes, ask a network about them
 CubeView shows cardiac SPECT scans (DICOM) and integral-field or radio cubes
 (FITS) in linked views. A 3-D neural network says what it makes of them, maps
 show where it looked, and labels teach it.
 .
 For research only; it is not a medical device. It makes no network calls.
CONTROL
install -m755 "$here/postinst" "$here/prerm" "$root/DEBIAN/"
(cd "$root" && find usr opt -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
chmod 644 "$root/DEBIAN/md5sums" "$root/DEBIAN/control"
deb=$out/${name}_${version}_$arch.deb
# xz, because Debian's own lintian takes a package packed with zstd for a broken one.
fakeroot dpkg-deb --root-owner-group -Zxz -z"${CUBEVIEW_XZ:-2}" --build "$root" "$deb" >/dev/null
lintian --fail-on error "$deb"
ls -l "$deb"
