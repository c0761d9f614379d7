# Build the Windows installer. Usage: packaging\windows\build.ps1 [-Flavour cpu|cuda] [-Sign]
# Needs Python 3.11 and Inno Setup 6 on PATH; vc_redist.x64.exe from Microsoft in build\windows;
# with -Sign a code-signing certificate and the SIGN_COMMAND environment variable (see README.md).
param(
    [ValidateSet("cpu", "cuda")] [string] $Flavour = "cpu",
    [switch] $Sign
)
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..\..")
$work = "build\windows"
$lock = "packaging\windows\requirements-$Flavour.lock"
New-Item -ItemType Directory -Force $work, dist | Out-Null
# Redirected output is in the system's code page otherwise, which lacks what reports are written with.
$env:PYTHONUTF8 = "1"

# Its installer does not put it on PATH.
$iscc = @("iscc", "${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe", "$env:ProgramFiles\Inno Setup 6\ISCC.exe") |
    Where-Object { Get-Command $_ -ErrorAction SilentlyContinue } | Select-Object -First 1
if (-not $iscc) { throw "Inno Setup 6.3 or newer is missing" }
if (-not (Test-Path "$work\vc_redist.x64.exe")) { throw "$work\vc_redist.x64.exe is missing (see README.md)" }
if ($Sign -and -not $env:SIGN_COMMAND) { throw "-Sign needs SIGN_COMMAND (see README.md)" }

function Check([string] $what) {
    if ($LASTEXITCODE -ne 0) { throw "$what failed ($LASTEXITCODE)" }
}

if (-not (Test-Path $lock)) {
    throw "$lock is missing: make it on this machine with packaging/common/lock.sh (see README.md)"
}
if (Test-Path "$work\env") { Remove-Item -Recurse -Force "$work\env" }
python -m venv "$work\env"; Check "venv"
$python = "$work\env\Scripts\python.exe"
& $python -m pip install --quiet --no-deps --no-compile --require-hashes -r $lock; Check "pip"
$version = & $python -c "import cubeview; print(cubeview.__version__)"; Check "version"
python -m venv --clear "$work\pages"; Check "venv of the manual"
$pages = "$work\pages\Scripts\python.exe"
& $pages -m pip install --quiet --no-compile -c constraints.txt sphinx myst-parser; Check "pip"
$env:PYTHONPATH = & $python -c "import sysconfig; print(sysconfig.get_path('purelib'))"
$env:QT_QPA_PLATFORM = "offscreen"
& $pages -m sphinx -q -W --keep-going -E -b html -d "$work\trees" docs resources\manual; Check "manual"
Remove-Item Env:PYTHONPATH, Env:QT_QPA_PLATFORM
& $python packaging\common\icons.py "$work\cubeview.ico"; Check "icon"

& $python -m PyInstaller --noconfirm --log-level WARN --workpath "$work\freeze" `
    --distpath "$work\bundle" packaging\windows\cubeview.spec; Check "PyInstaller"
$bundle = "$work\bundle\CubeView"
if ($Flavour -eq "cpu") {
    & $python packaging\common\sizes.py --unpacked $bundle; Check "size"
}
& "$bundle\cubeview-cli.exe" --self-test; Check "self-test"

$options = @("/DVersion=$version", "/DFlavour=$Flavour")
if ($Sign) {
    # Smart App Control looks at every binary, not at the installer alone.
    Get-ChildItem -Recurse $bundle -Include *.exe, *.dll, *.pyd | ForEach-Object {
        if ((Get-AuthenticodeSignature -LiteralPath $_.FullName).Status -ne "Valid") {
            Invoke-Expression ($env:SIGN_COMMAND -replace '\$f', "`"$($_.FullName)`""); Check "sign"
        }
    }
    $options += "/DSign", "/Ssigner=$env:SIGN_COMMAND"
}
& $iscc @options packaging\windows\cubeview.iss; Check "Inno Setup"

$made = @(Get-ChildItem "dist\CubeView-$version-windows-x64-$Flavour*" |
    Where-Object Extension -In ".exe", ".bin")
if ($Flavour -eq "cpu") {
    & $python packaging\common\sizes.py --packed $made[0].FullName; Check "size"
}
& $python packaging\common\sbom.py "$bundle\_internal\resources\parts.json" $version `
    "dist\CubeView-$version-windows-x64-$Flavour.cdx.json" @($made.FullName); Check "bill"
& $python packaging\common\licences.py "$bundle\_internal\resources\parts.json"; Check "licences"
$made + (Get-Item "dist\*windows*$Flavour.cdx.json") | ForEach-Object {
    "$((Get-FileHash $_ -Algorithm SHA256).Hash.ToLower())  $($_.Name)"
} | Set-Content -Encoding ascii "dist\SHA256SUMS-windows-$Flavour"
