"""Write a CycloneDX software bill of materials from the list of parts in a bundle.

``python sbom.py parts.json VERSION OUT.cdx.json ARTIFACT...``
"""

import hashlib
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

_SPDX = re.compile(r"^[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*$")


def bill(parts: list[dict[str, str]], version: str, artifacts: list[Path]) -> dict[str, Any]:
    """Return the bill as CycloneDX 1.5 says."""
    files = [
        {
            "type": "file",
            "name": path.name,
            "hashes": [
                {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}
            ],
        }
        for path in artifacts
    ]
    seed = "".join(entry["hashes"][0]["content"] for entry in files)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same artifacts give the same bill.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, version + seed)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "cubeview-desktop",
                "name": "cubeview-desktop",
                "version": version,
                "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
                "components": files,
            }
        },
        "components": [_component(part) for part in parts],
        "dependencies": [
            {"ref": "cubeview-desktop", "dependsOn": sorted(_purl(part) for part in parts)}
        ],
    }


def _component(part: dict[str, str]) -> dict[str, Any]:
    licence = part["licence"]
    single = re.fullmatch(r"[A-Za-z0-9.+-]+", licence) and "-" in licence
    if single:
        stated: dict[str, Any] = {"license": {"id": licence}}
    elif _SPDX.match(licence) and re.search(r" (AND|OR|WITH) ", licence):
        stated = {"expression": licence}
    else:
        stated = {"license": {"name": licence}}
    component = {
        "type": "library",
        "bom-ref": _purl(part),
        "name": part["name"],
        "version": part["version"],
        "purl": _purl(part),
        "licenses": [stated],
    }
    if part["home"].startswith("http"):
        component["externalReferences"] = [{"type": "website", "url": part["home"]}]
    return component


def _purl(part: dict[str, str]) -> str:
    name, version = quote(part["name"], safe=""), quote(part["version"], safe="")
    if part["kind"] == "python":
        return f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"
    if part["kind"] == "debian":
        return f"pkg:deb/debian/{name}@{version}"
    return f"pkg:generic/{name}@{version}"


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    made = bill(given, sys.argv[2], [Path(name) for name in sys.argv[4:]])
    Path(sys.argv[3]).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{sys.argv[3]}: {len(made['components'])} components")
