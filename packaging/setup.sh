#!/usr/bin/env bash
# Make this checkout ready: system libraries for Qt, a virtual environment, pinned dependencies.
# A second run with nothing changed does nothing. Usage: packaging/setup.sh [run|test|docs]
set -euo pipefail
cd "$(dirname "$0")/.."
extra=${1:-run}

# What Qt's xcb and offscreen platforms load at run time on a bare Debian; the file names are what
# the loader looks for, the packages what apt calls them.
libraries="libEGL.so.1 libGL.so.1 libxkbcommon-x11.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4
  libxcb-keysyms.so.1 libxcb-shape.so.0 libxcb-image.so.0 libxcb-render-util.so.0 libdbus-1.so.3
  libfontconfig.so.1 libglib-2.0.so.0 libgssapi_krb5.so.2"
packages="libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1
  libxcb-shape0 libxcb-image0 libxcb-render-util0 libdbus-1-3 libfontconfig1 libglib2.0-0
  libgssapi-krb5-2 fonts-dejavu-core"

install_packages() {
  command="apt-get install -y --no-install-recommends $*"
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    # shellcheck disable=SC2086
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n apt-get update -qq && sudo -n DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "CubeView needs system packages that this user may not install. Run this once:" >&2
    echo "  sudo $command" >&2
    return 1
  fi
}

if [ "$(uname -s)" = Linux ]; then
  known=$( (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null || true)
  missing=""
  for library in $libraries; do
    case "$known" in *"$library "*) ;; *) missing="$missing $library" ;; esac
  done
  if [ -n "$missing" ]; then
    echo "installing what Qt needs:$missing"
    # shellcheck disable=SC2086
    install_packages $packages || exit 1
  fi
fi

stamp=.venv/.ready-$extra
sum=$(cat pyproject.toml constraints.txt packaging/setup.sh | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then exit 0; fi

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
  if command -v "$candidate" >/dev/null &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "CubeView needs Python 3.11 or newer; install it and try again." >&2
  exit 1
fi

if [ ! -x .venv/bin/python ]; then
  echo "making a virtual environment in .venv"
  if ! "$python" -m venv .venv 2>/dev/null; then
    rm -rf .venv
    install_packages python3-venv || exit 1
    "$python" -m venv .venv
  fi
fi
echo "installing pinned dependencies (a few minutes the first time)"
target=.
[ "$extra" = run ] || target=".[$extra]"
.venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e "$target"
[ "$extra" = run ] || echo "$sum" > .venv/.ready-run
echo "$sum" > "$stamp"
