# Install silently for this user and for everybody, use it, remove it, see that nothing is left but
# the user's data. Usage: packaging\windows\test_install.ps1 SETUP.exe [-OnlyUser]
# For everybody takes administrator rights.
param([Parameter(Mandatory)] [string] $Setup, [switch] $OnlyUser)
$ErrorActionPreference = "Stop"
$data = Join-Path $env:LOCALAPPDATA "CubeView"

function Test-Installed([string] $scope, [string] $folder, [string] $hive) {
    "-- install, $scope"
    $run = Start-Process $Setup "/VERYSILENT /SUPPRESSMSGBOXES /$scope /NORESTART" -Wait -PassThru
    if ($run.ExitCode -ne 0) { throw "the installer ended with $($run.ExitCode)" }
    & "$folder\cubeview-cli.exe" --self-test
    if ($LASTEXITCODE -ne 0) { throw "the self-test failed" }

    "-- window, and a second start"
    $samples = "$folder\_internal\resources\samples"
    $window = Start-Process "$folder\CubeView.exe" "`"$samples\sky.fits`"" -PassThru
    # The picture shown while torch is loaded is a window too, but has another title.
    foreach ($wait in 1..90) {
        Start-Sleep 1
        $window.Refresh()
        if ($window.MainWindowTitle -like "*CubeView*") { break }
    }
    if ($window.MainWindowTitle -notlike "*CubeView*") { throw "no window after 90 s" }
    # It hands its file over and ends.
    $second = Start-Process "$folder\CubeView.exe" "`"$samples\heart_rest.dcm`"" -PassThru
    if (-not $second.WaitForExit(60000)) { throw "the second start does not end" }
    if ($second.ExitCode -ne 0) { throw "the second start ended with $($second.ExitCode)" }
    if (@(Get-Process CubeView).Count -ne 1) { throw "two programs run" }

    $window.CloseMainWindow() | Out-Null
    if (-not $window.WaitForExit(15000)) { throw "it does not quit" }

    "-- install over it, and remove"
    New-Item -ItemType File "$folder\_internal\only-in-older" | Out-Null
    $run = Start-Process $Setup "/VERYSILENT /SUPPRESSMSGBOXES /$scope /NORESTART" -Wait -PassThru
    if ($run.ExitCode -ne 0) { throw "the second installation ended with $($run.ExitCode)" }
    if (Test-Path "$folder\_internal\only-in-older") { throw "an older version's file is left" }
    & "$folder\cubeview-cli.exe" library check
    if ($LASTEXITCODE -ne 0) { throw "the library does not open" }
    $before = @(Get-ChildItem -Recurse -File $data | Select-Object -ExpandProperty FullName)
    $run = Start-Process "$folder\unins000.exe" "/VERYSILENT /SUPPRESSMSGBOXES" -Wait -PassThru
    # The uninstaller ends after a copy of itself has gone on.
    foreach ($wait in 1..60) { if (-not (Test-Path $folder)) { break }; Start-Sleep 1 }
    if (Test-Path $folder) { throw "left behind: $(Get-ChildItem -Recurse $folder)" }
    if (Test-Path "${hive}:\Software\Classes\CubeView.Cube") { throw "left behind: file association" }
    $gone = @($before | Where-Object { -not (Test-Path -LiteralPath $_) })
    if ($gone.Count -ne 0) { throw "the user's own files are gone: $gone" }
}

Test-Installed "CURRENTUSER" (Join-Path $env:LOCALAPPDATA "Programs\CubeView") "HKCU"
if (-not $OnlyUser) { Test-Installed "ALLUSERS" (Join-Path $env:ProgramFiles "CubeView") "HKLM" }
"Windows test passed"
