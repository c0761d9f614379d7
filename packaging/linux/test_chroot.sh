#!/usr/bin/env bash
# Install the built packages in a bare Debian as an ordinary user would, use them under Xvfb, remove
# them, and see that nothing is left but the user's data. Needs root (debootstrap, chroot).
# Usage: packaging/linux/test_chroot.sh DIST [PICTURES]
# CUBEVIEW_CHROOT names a folder where the bare system is kept between runs.
set -euo pipefail
dist=$(realpath "$1")
pictures=$(realpath -m "${2:-$dist/pictures}")
here=$(cd "$(dirname "$0")" && pwd)
base=${CUBEVIEW_CHROOT:-$(mktemp -d)/base}
root=$(mktemp -d)/system
user=reader

for tool in debootstrap chroot unshare; do
  command -v "$tool" >/dev/null || { echo "needs $tool (as root)" >&2; exit 1; }
done
# On Debian the release this machine has, from where it has it; else the one the build is made for.
. /etc/os-release
release=bookworm mirror=""
if [ "$ID" = debian ]; then
  release=$VERSION_CODENAME
  mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null |
    awk -v r="$release" '$2 == r {print $1; exit}')
fi
if [ ! -x "$base/usr/bin/apt-get" ]; then
  mkdir -p "$(dirname "$base")"
  debootstrap --variant=minbase "$release" "$base" ${mirror:+"$mirror"} > "${base%/*}/debootstrap.log"
fi

cleanup() {
  for place in proc dev/shm dev; do
    if mountpoint -q "$root/$place"; then umount -l "$root/$place"; fi
  done
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT
cp -a "$base" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# However this machine reaches its mirror, the bare system does the same.
grep -ls '^Acquire' /etc/apt/apt.conf.d/* | xargs -r cp -t "$root/etc/apt/apt.conf.d/"
cp "$dist"/cubeview-desktop_*.deb "$root/tmp/"
cp "$dist"/cubeview-*-linux-*.tar.zst "$root/tmp/"
cp "$here/test_inside.sh" "$here/../use.sh" "$root/tmp/"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive "$@"; }
# As an ordinary user, on a machine without a network.
as_user() { unshare --net chroot "$root" runuser -u "$user" -- env -i LANG=C.UTF-8 \
  PATH=/usr/local/bin:/usr/bin:/bin HOME="/home/$user" "$@"; }
package=/tmp/$(basename "$dist"/cubeview-desktop_*.deb)
inside apt-get -qq update
inside useradd -m "$user"
in_home() { (cd "$root/home/$user" && find . ! -path './pictures*' ! -type d | sort); }
before=$(mktemp -d)
in_home > "$before/home"

# stub VERSION: a package like ours of another version, with hardly anything in it.
stub() {
  local folder
  folder=$(mktemp -d)
  dpkg-deb -e "$root$package" "$folder/DEBIAN"
  sed -i "s/^Version: .*/Version: $1/" "$folder/DEBIAN/control"
  rm "$folder/DEBIAN/md5sums"
  mkdir -p "$folder/opt/cubeview/_internal"
  printf '#!/bin/sh\necho %s\n' "$1" > "$folder/opt/cubeview/cubeview"
  chmod 755 "$folder/opt/cubeview/cubeview"
  touch "$folder/opt/cubeview/_internal/only-in-$1"
  dpkg-deb --root-owner-group --build "$folder" "$root/tmp/stub-$1.deb" > /dev/null
  rm -rf "$folder"
}
install() {
  inside apt-get -qq install -y --no-install-recommends --allow-downgrades "$@" > /dev/null
  [ "$(readlink "$root/usr/bin/cubeview")" = /etc/alternatives/cubeview ]
  [ "$(readlink "$root/etc/alternatives/cubeview")" = /opt/cubeview/cubeview ]
}
# sum FOLDER: of all files in it, and of their names.
sum() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum; }
stub 0.0.1
stub 99

echo "== .deb: install over an older version"
inside dpkg-query -W -f '${Package}\n' | sort > "$before/packages"
install /tmp/stub-0.0.1.deb
install "$package"
[ ! -e "$root/opt/cubeview/_internal/only-in-0.0.1" ]
inside dpkg-query -W -f '${Package}\n' | sort | comm -13 "$before/packages" - |
  xargs echo "it brought:"
# First with nothing on the system but what the package asked for.
as_user bash /tmp/test_inside.sh commands /usr/bin/cubeview /opt/cubeview
# What only the test needs.
inside apt-get -qq install -y --no-install-recommends xvfb xdotool imagemagick zstd procps > /dev/null
as_user bash /tmp/test_inside.sh window /usr/bin/cubeview /opt/cubeview
mkdir -p "$pictures"
mv "$root/home/$user/pictures/"*.png "$pictures/"

echo "== .deb: upgrade, downgrade and removal keep the user's data"
data=/home/$user/.local/share/cubeview
as_user bash -ec 'mkdir -p ~/.local/share/cubeview/models &&
  cp -r /opt/cubeview/_internal/resources/models/spect-mpi ~/.local/share/cubeview/models/mine'
labels=$(as_user cubeview labels list)
kept=$(sum "$root$data")
install /tmp/stub-99.deb
[ "$(as_user cubeview)" = 99 ]
[ "$(find "$root/opt/cubeview" -type f | wc -l)" = 2 ]
[ "$kept" = "$(sum "$root$data")" ]
install "$package"
[ ! -e "$root/opt/cubeview/_internal/only-in-99" ]
[ "$kept" = "$(sum "$root$data")" ]
[ "$labels" = "$(as_user cubeview labels list)" ]
kept=$(sum "$root$data")
inside apt-get -qq purge -y cubeview-desktop > /dev/null
[ "$kept" = "$(sum "$root$data")" ]
rm -r "$root$data/models/mine"
left=$(find "$root/usr" "$root/etc" "$root/opt" "$root/var" -iname '*cubeview*' \
  ! -path '*/apt/archives/*' 2>/dev/null || true)
if [ -n "$left" ]; then echo "left behind: $left" >&2; exit 1; fi

echo "== .tar.zst: install for one user"
as_user bash -ec '
  cd
  mkdir unpacked
  tar -C unpacked -xf /tmp/cubeview-*-linux-*.tar.zst
  unpacked/*/install.sh --user
  # Over an older version, whose files the new one must not find.
  touch .local/opt/cubeview/_internal/only-in-older
  unpacked/*/install.sh --user
  [ ! -e .local/opt/cubeview/_internal/only-in-older ]
  rm -rf unpacked'
as_user bash /tmp/test_inside.sh commands "/home/$user/.local/bin/cubeview" \
  "/home/$user/.local/opt/cubeview"
as_user bash /tmp/test_inside.sh window "/home/$user/.local/bin/cubeview" \
  "/home/$user/.local/opt/cubeview"
kept=$(sum "$root$data")
as_user bash -c '~/.local/opt/cubeview/install.sh --remove'
[ "$kept" = "$(sum "$root$data")" ]
in_home | comm -13 "$before/home" - > "$before/left"
echo "left in the home folder:"
cat "$before/left"
# The user's data, settings and cache; Mesa and fontconfig keep caches of their own.
if grep -v -e '^./.local/share/cubeview/' -e '^./.config/CubeView' -e '^./.cache/' "$before/left"; then
  echo "these should not be there" >&2
  exit 1
fi
echo "chroot test passed"
