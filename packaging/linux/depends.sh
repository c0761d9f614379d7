#!/usr/bin/env bash
# Print the Debian packages that a bundle's libraries ask the system for: a Depends line.
# Usage: depends.sh BUNDLE
set -euo pipefail
bundle=$1
# readelf complains of what is no library, and says so with its status.
needed=$( (find "$bundle" -type f \( -name '*.so*' -o -perm -u+x \) -print0 |
  xargs -0 readelf -d 2>/dev/null || true) | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
bundled=$(find "$bundle" -name '*.so*' -printf '%f\n' | sort -u)
known=$( (ldconfig -p || /sbin/ldconfig -p) | awk '{print $1, $NF}')
packages=""
for soname in $(comm -23 <(echo "$needed") <(echo "$bundled")); do
  path=$(awk -v name="$soname" '$1 == name {print $2; exit}' <<< "$known")
  if [ -z "$path" ]; then
    # Not on this machine (a Wayland library on a server): Debian names packages after the soname.
    owner=$(sed -E 's/\.so\./-/; s/([^0-9])-([0-9]+)$/\1\2/' <<< "$soname")
    if ! apt-cache show --no-all-versions "$owner" > /dev/null 2>&1; then
      echo "depends.sh: nobody has $soname" >&2
      exit 1
    fi
    packages+="$owner"$'\n'
    continue
  fi
  for name in "$path" "/usr$path" "$(realpath "$path")" "/usr$(realpath "$path")"; do
    owner=$(dpkg -S "$name" 2>/dev/null | head -1 | cut -d: -f1) || true
    [ -n "$owner" ] && break
  done
  packages+="$owner"$'\n'
done
# Linked with this machine's C library, so no older one will do.
libc=$(dpkg-query -W -f '${Version}' libc6 | sed 's/-.*//')
sort -u <<< "$packages" | sed -e '/^$/d' -e "s/^libc6$/libc6 (>= $libc)/" | paste -sd, | sed 's/,/, /g'
