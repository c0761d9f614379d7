; Inno Setup 6.3 script. Build with:
;   iscc /DVersion=0.1.0 /DFlavour=cpu packaging\windows\cubeview.iss
;   iscc /DVersion=0.1.0 /DFlavour=cuda packaging\windows\cubeview.iss
; Without administrator rights it installs for the user, with them for everybody: the user is asked.

#ifndef Version
  #error Give the version: /DVersion=...
#endif
#ifndef Flavour
  #define Flavour "cpu"
#endif

[Setup]
AppId={{7A0F6B6B-5E0C-4C5C-9D0B-3C8F1B1B6E52}
AppName=CubeView
AppVersion={#Version}
AppPublisher=The CubeView developers
AppComments=For research only; not a medical device.
DefaultDirName={autopf}\CubeView
DefaultGroupName=CubeView
DisableProgramGroupPage=yes
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\windows\cubeview.ico
UninstallDisplayIcon={app}\CubeView.exe
OutputDir=..\..\dist
OutputBaseFilename=CubeView-{#Version}-windows-x64-{#Flavour}
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
Compression=lzma2/max
SolidCompression=yes
LZMAUseSeparateProcess=yes
ChangesAssociations=yes
CloseApplications=yes
RestartApplications=no
WizardStyle=modern
#if Flavour == "cuda"
; The CUDA libraries take the installer over 2 GB, more than one file of it can hold.
DiskSpanning=yes
DiskSliceSize=2000000000
SlicesPerDisk=1
#endif
#ifdef Sign
; iscc "/Ssigner=signtool sign /fd sha256 /tr URL /td sha256 /n NAME $f" /DSign
SignTool=signer
SignedUninstaller=yes
#endif

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: associate; Description: "Offer CubeView for FITS and DICOM files"

[Files]
Source: "..\..\build\windows\bundle\CubeView\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs
; Missing on some machines; torch and Qt do not load without it.
Source: "..\..\build\windows\vc_redist.x64.exe"; DestDir: "{tmp}"; Flags: deleteafterinstall; Check: RuntimeMissing and IsAdminInstallMode

[InstallDelete]
; An older version's files must not be found by the new one.
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\CubeView"; Filename: "{app}\CubeView.exe"
Name: "{autodesktop}\CubeView"; Filename: "{app}\CubeView.exe"; Tasks: desktopicon

[Registry]
; "Open with" only: nothing that opens these files now is replaced.
Root: HKA; Subkey: "Software\Classes\CubeView.Cube"; ValueType: string; ValueData: "Image cube"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\CubeView.Cube\DefaultIcon"; ValueType: string; ValueData: "{app}\CubeView.exe,0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\CubeView.Cube\shell\open\command"; ValueType: string; ValueData: """{app}\CubeView.exe"" open ""%1"""; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fits"; Flags: uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fits\OpenWithProgids"; ValueType: string; ValueName: "CubeView.Cube"; ValueData: ""; Flags: uninsdeletevalue uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fit"; Flags: uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fit\OpenWithProgids"; ValueType: string; ValueName: "CubeView.Cube"; ValueData: ""; Flags: uninsdeletevalue uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fts"; Flags: uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.fts\OpenWithProgids"; ValueType: string; ValueName: "CubeView.Cube"; ValueData: ""; Flags: uninsdeletevalue uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.dcm"; Flags: uninsdeletekeyifempty; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.dcm\OpenWithProgids"; ValueType: string; ValueName: "CubeView.Cube"; ValueData: ""; Flags: uninsdeletevalue uninsdeletekeyifempty; Tasks: associate

[Run]
Filename: "{tmp}\vc_redist.x64.exe"; Parameters: "/install /quiet /norestart"; StatusMsg: "Installing the Visual C++ runtime..."; Check: RuntimeMissing and IsAdminInstallMode; Flags: waituntilterminated
Filename: "{app}\CubeView.exe"; Description: "{cm:LaunchProgram,CubeView}"; Flags: nowait postinstall skipifsilent

[Code]
// PyInstaller puts the runtime's DLLs beside the program; the installed one is the newer of the two.
function RuntimeMissing: Boolean;
var
  Installed: Cardinal;
begin
  Result := not RegQueryDWordValue(HKLM64, 'SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64',
    'Installed', Installed) or (Installed = 0);
end;

// The user's models, library and settings lie in {localappdata}\CubeView and are left alone.
