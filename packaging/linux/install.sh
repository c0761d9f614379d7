#!/usr/bin/env bash
# Install CubeView for this user, or remove it again. Nothing needs administrator rights.
# Usage: ./install.sh --user | ./install.sh --remove
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
home=$HOME/.local/opt/cubeview
bin=$HOME/.local/bin

refresh() {
  if command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$data/applications" || true
  fi
  if command -v update-mime-database >/dev/null; then
    update-mime-database "$data/mime" || true
  fi
}

remove() {
  rm -rf "$home"
  if [ "$(readlink "$bin/cubeview" 2>/dev/null)" = "$home/cubeview" ]; then rm -f "$bin/cubeview"; fi
  rm -f "$data/applications/cubeview-desktop.desktop" \
    "$data/mime/packages/cubeview-desktop.xml" \
    "$data/metainfo/org.cubeview.CubeView.metainfo.xml" \
    "$data"/icons/hicolor/*/apps/cubeview-desktop.*
  rm -f "$data/bash-completion/completions/cubeview" "$data/zsh/site-functions/_cubeview"
  refresh
  # Indices and folders that were made for it and hold nothing else.
  if ! compgen -G "$data/mime/packages/*" > /dev/null; then rm -rf "$data/mime"; fi
  if ! compgen -G "$data/applications/*.desktop" > /dev/null; then
    rm -f "$data/applications/mimeinfo.cache"
  fi
  find "$data/applications" "$data/metainfo" "$data/icons" "$data/bash-completion" "$data/zsh" \
    "$HOME/.local/opt" "$bin" -depth -type d -empty -delete 2>/dev/null || true
}

case ${1:-} in
  --user)
    if [ ! -x "$here/cubeview/cubeview" ]; then
      echo "install.sh: run it from the unpacked archive." >&2
      exit 1
    fi
    rm -rf "$home.new"
    mkdir -p "$(dirname "$home")" "$bin"
    cp -a "$here/cubeview" "$home.new"
    cp "$here/install.sh" "$home.new/install.sh"
    rm -rf "$home"
    mv "$home.new" "$home"
    if [ ! -e "$bin/cubeview" ] || [ -L "$bin/cubeview" ]; then
      ln -sfn "$home/cubeview" "$bin/cubeview"
      # bash finds it by itself; zsh where $fpath names the folder.
      install -Dm644 "$here/shells/cubeview.bash" "$data/bash-completion/completions/cubeview"
      install -Dm644 "$here/shells/cubeview.zsh" "$data/zsh/site-functions/_cubeview"
    else
      echo "$bin/cubeview is another program's; start CubeView as $home/cubeview."
    fi
    "$here/desktop/desktop_files.sh" "$data" "$home/cubeview"
    refresh
    echo "installed in $home; remove it with $home/install.sh --remove"
    ;;
  --remove)
    remove
    echo "removed; your own models and library stay in $data/cubeview"
    ;;
  *)
    echo "usage: install.sh --user | --remove" >&2
    exit 2
    ;;
esac
