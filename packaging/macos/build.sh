#!/usr/bin/env bash
# Build the macOS disk image for this machine's processor; torch has wheels for arm64 only.
# Usage: packaging/macos/build.sh
# To sign: CODESIGN_IDENTITY="Developer ID Application: ..." in the keychain. To notarise as well:
# NOTARY_PROFILE, made once with `xcrun notarytool store-credentials`.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/macos arch=$(uname -m)
mkdir -p "$work" dist
lock=packaging/macos/requirements-$arch.lock
if [ ! -f "$lock" ]; then
  echo "$lock is missing: make it on this machine with packaging/common/lock.sh (see README.md)" >&2
  exit 1
fi
rm -rf "$work/env"
"${PYTHON:-python3.11}" -m venv "$work/env"
run=$work/env/bin/python
"$run" -m pip install --quiet --no-deps --no-compile --require-hashes -r "$lock"
version=$("$run" -c 'import cubeview; print(cubeview.__version__)')
"${PYTHON:-python3.11}" -m venv --clear "$work/pages"
"$work/pages/bin/python" -m pip install --quiet --no-compile -c constraints.txt sphinx myst-parser shtab
PYTHONPATH=$(cd "$("$run" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" && pwd) \
  PYTHON=$work/pages/bin/python packaging/manual.sh
"$run" packaging/common/icons.py "$work/cubeview.icns"

"$run" -m PyInstaller --noconfirm --log-level WARN --workpath "$work/freeze" \
  --distpath "$work/bundle" packaging/macos/cubeview.spec
app=$work/bundle/CubeView.app
"$run" packaging/common/sizes.py --unpacked "$app"

if [ -n "${CODESIGN_IDENTITY:-}" ]; then
  sign() {
    codesign --force --timestamp --options runtime --sign "$CODESIGN_IDENTITY" \
      --entitlements packaging/macos/entitlements.plist "$@"
  }
  # From the inside out: a signature covers what lies deeper, so that has to be signed before.
  while IFS= read -r -d '' file; do
    if file -b "$file" | grep -q Mach-O; then sign "$file"; fi
  done < <(find "$app/Contents/Frameworks" "$app/Contents/Resources" -type f -print0)
  find "$app/Contents" -depth -name '*.framework' -type d -print0 |
    while IFS= read -r -d '' folder; do sign "$folder"; done
  sign "$app"
  codesign --verify --deep --strict --verbose=2 "$app"
fi
"$app/Contents/MacOS/cubeview" --self-test

image=dist/CubeView-$version-macos-$arch.dmg
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
hdiutil create -volname "CubeView $version" -srcfolder "$stage" -fs HFS+ -format ULMO -ov "$image"
if [ -n "${CODESIGN_IDENTITY:-}" ]; then codesign --sign "$CODESIGN_IDENTITY" --timestamp "$image"; fi
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
  xcrun stapler staple "$image"
  spctl --assess --type open --context context:primary-signature --verbose "$image"
fi
"$run" packaging/common/sizes.py --packed "$image"
parts=$app/Contents/Resources/resources/parts.json
"$run" packaging/common/sbom.py "$parts" "$version" "dist/CubeView-$version-macos-$arch.cdx.json" "$image"
"$run" packaging/common/licences.py "$parts"
(cd dist && shasum -a 256 "${image#dist/}" "CubeView-$version-macos-$arch.cdx.json") \
  > "dist/SHA256SUMS-macos-$arch"
