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

for tool in debootstrap chroot; do
  command -v "$tool" >/dev/null || { echo "needs $tool (as root)" >&2; exit 1; }
done
# The mirror this machine uses for its own Debian, and the release it has.
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null |
  awk -v r="$release" '$2 == r {print $1; exit}')
if [ ! -x "$base/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase "$release" "$base" "$mirror" > "${base%/*}/debootstrap.log"
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
for file in /etc/apt/apt.conf.d/*; do
  case $file in *proxy* | *registry* | *farm*) cp "$file" "$root/etc/apt/apt.conf.d/" ;; esac
done
cp "$dist"/cubeview-desktop_*.deb "$root/tmp/"
cp "$dist"/cubeview-*-linux-*.tar.zst "$root/tmp/"
cp "$here/test_inside.sh" "$root/tmp/"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive "$@"; }
inside apt-get -qq update
# Only what the tests themselves need; whatever CubeView needs has to come with it.
inside apt-get -qq install -y --no-install-recommends xvfb xauth xdotool imagemagick zstd procps \
  util-linux > /dev/null
inside useradd -m "$user"
listing() { (cd "$root" && find usr opt etc var/lib/cubeview* -xdev \( -type f -o -type l \) 2>/dev/null |
  grep -v -e '^etc/ld.so.cache' -e '^usr/share/mime/' -e '/mimeinfo.cache$' | sort); }

echo "== .deb: install"
before=$(mktemp)
inside dpkg-query -W -f '${Package}\n' | sort > "$before.packages"
listing > "$before"
inside apt-get -qq install -y --no-install-recommends "/tmp/$(basename "$dist"/cubeview-desktop_*.deb)" \
  > /dev/null
inside test "$(readlink -f "$root/etc/alternatives/cubeview" | sed "s|^$root||")" = /opt/cubeview/cubeview
inside runuser -u "$user" -- bash /tmp/test_inside.sh /usr/bin/cubeview /opt/cubeview
mkdir -p "$pictures"
cp "$root/home/$user/pictures/"*.png "$pictures/"
echo "== .deb: upgrade keeps data, removal leaves it"
inside apt-get -qq install -y --reinstall --no-install-recommends \
  "/tmp/$(basename "$dist"/cubeview-desktop_*.deb)" > /dev/null
inside apt-get -qq purge -y cubeview-desktop > /dev/null
inside dpkg-query -W -f '${Package}\n' | sort > "$before.now"
mapfile -t extra < <(comm -13 "$before.packages" "$before.now")
echo "dependencies it brought: ${extra[*]}"
left=$(ls -d "$root"/opt/* "$root"/usr/bin/cubeview* "$root"/etc/alternatives/cubeview* \
  "$root"/usr/share/applications/cubeview* 2>/dev/null || true)
left+=$(find "$root/usr" "$root/etc" -iname '*cubeview*' 2>/dev/null || true)
if [ -n "$left" ]; then echo "left behind: $left" >&2; exit 1; fi

echo "== .tar.zst: install for one user"
inside runuser -u "$user" -- bash -ec '
  cd; find . -type f -o -type l | grep -v -e /pictures/ | sort > /tmp/home.before
  mkdir unpacked; tar -C unpacked -xf /tmp/cubeview-*-linux-*.tar.zst
  unpacked/*/install.sh --user; rm -rf unpacked
  bash /tmp/test_inside.sh ~/.local/bin/cubeview ~/.local/opt/cubeview
  ~/.local/opt/cubeview/install.sh --remove
  find . -type f -o -type l | grep -v -e /pictures/ | sort > /tmp/home.after
  diff /tmp/home.before /tmp/home.after'
echo "left in the home folder, the user's data only:"
(cd "$root/home/$user" && find . -type f -newer "$before" | grep -v pictures)
echo "chroot test passed"
