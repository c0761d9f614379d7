# Install silently for this user, use it, remove it, see that nothing is left but the user's data.
# Usage: packaging\windows\test_install.ps1 SETUP.exe
param([Parameter(Mandatory)] [string] $Setup)
$ErrorActionPreference = "Stop"
$folder = Join-Path $env:LOCALAPPDATA "Programs\CubeView"

$run = Start-Process $Setup "/VERYSILENT /SUPPRESSMSGBOXES /CURRENTUSER /NORESTART" -Wait -PassThru
if ($run.ExitCode -ne 0) { throw "the installer ended with $($run.ExitCode)" }
& "$folder\cubeview-cli.exe" --self-test
if ($LASTEXITCODE -ne 0) { throw "the self-test failed" }

$sample = "$folder\_internal\resources\samples\sky.fits"
$window = Start-Process "$folder\CubeView.exe" "`"$sample`"" -PassThru
foreach ($wait in 1..60) {
    Start-Sleep 1
    $window.Refresh()
    if ($window.MainWindowHandle -ne 0) { break }
}
if ($window.MainWindowHandle -eq 0) { throw "no window after 60 s" }
# A second start hands its file over and ends.
$second = Start-Process "$folder\CubeView.exe" "`"$sample`"" -Wait -PassThru
if ($second.ExitCode -ne 0) { throw "the second start ended with $($second.ExitCode)" }
if (@(Get-Process CubeView).Count -ne 1) { throw "two programs run" }
$window.CloseMainWindow() | Out-Null
if (-not $window.WaitForExit(15000)) { throw "it does not quit" }

$run = Start-Process "$folder\unins000.exe" "/VERYSILENT /SUPPRESSMSGBOXES" -Wait -PassThru
Start-Sleep 3
if (Test-Path $folder) { throw "left behind: $(Get-ChildItem -Recurse $folder)" }
if (Test-Path "HKCU:\Software\Classes\CubeView.Cube") { throw "left behind: file association" }
"Windows test passed"
