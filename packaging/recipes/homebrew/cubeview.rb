cask "cubeview" do
  version "$version"
  sha256 "$sha256"

  url "$url/$file"
  name "CubeView"
  desc "See heart scans and sky cubes, ask a 3-D network about them, see why"
  homepage "$url"

  depends_on arch: :arm64
  depends_on macos: ">= :sonoma"

  app "CubeView.app"
  binary "#{appdir}/CubeView.app/Contents/MacOS/cubeview"

  zap trash: [
    "~/Library/Application Support/CubeView",
    "~/Library/Caches/CubeView",
  ]
end
