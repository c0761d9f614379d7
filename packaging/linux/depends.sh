#!/usr/bin/env bash
# Leave out of a Depends line the packages whose libraries lie in the bundle.
# Usage: depends.sh "libc6 (>= 2.34), libx11-6, ..." "list of bundled file names"
set -euo pipefail
kept=()
IFS=',' read -ra entries <<< "$1"
for entry in "${entries[@]}"; do
  entry=${entry# }
  package=${entry%% *}
  outside=""
  while read -r path; do
    file=${path##*/}
    case $file in
      lib*.so.*)
        if [ -L "$path" ] || [ ! -e "$path" ]; then continue; fi
        soname=$(objdump -p "$path" 2>/dev/null | awk '/SONAME/{print $2}')
        grep -qxF -- "${soname:-$file}" <<< "$2" || outside=yes ;;
    esac
  done < <(dpkg -L "$package" 2>/dev/null)
  if [ -n "$outside" ]; then kept+=("$entry"); fi
done
printf '%s' "${kept[0]}"
printf ', %s' "${kept[@]:1}"
