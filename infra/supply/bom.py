"""Prints the image's bill of materials: `python -m infra.supply.bom`, which `make sbom` runs.

CycloneDX 1.6, JSON: https://cyclonedx.org/docs/1.6/json/. It has the packages of the image's lock,
not those of its base. Package URLs: https://github.com/package-url/purl-spec, type pypi. The same
locks make the same document, to the byte, on the image's version of Python.
"""

import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from packaging.markers import Marker

from infra.docker.environment import COMPOSE
from infra.supply.licences import licence_of
from infra.supply.pins import IMAGE_LOCK, ROOT, Pin, read_pins

_UNNUMBERED = "BSD"
"""What is no SPDX id."""


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    image = {
        "type": "container",
        "bom-ref": project["name"],
        "name": project["name"],
        "version": project["version"],
        "licenses": [{"license": {"id": project["license"]}}],
    }
    components = [_component(pin) for pin in read_pins(IMAGE_LOCK) if is_in_image(pin)]
    content = {
        "metadata": {"component": image},
        "components": components,
        "dependencies": [
            {"ref": image["bom-ref"], "dependsOn": [each["bom-ref"] for each in components]}
        ],
    }
    serial = uuid5(NAMESPACE_URL, json.dumps(content))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial.urn}
    return {**head, "version": 1, **content}


def is_in_image(pin: Pin) -> bool:
    """Say whether the image needs a package: Linux, CPython, of the version of its base."""
    [python] = re.findall(r"^python:(\d+\.\d+)", COMPOSE["BASE"][0])
    environment = {
        "sys_platform": "linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    return not pin.marker or Marker(pin.marker).evaluate(environment)


def _component(pin: Pin) -> dict[str, Any]:
    url = f"pkg:pypi/{pin.name}@{pin.version}"
    component = {"type": "library", "bom-ref": url, "name": pin.name, "version": pin.version}
    return {**component, **_licences(pin), "purl": url}


def _licences(pin: Pin) -> dict[str, Any]:
    """Return the licence, if the very version is installed to be asked."""
    try:
        if version(pin.name) != pin.version:
            return {}
    except PackageNotFoundError:
        return {}
    expression = licence_of(pin.name)
    if " " in expression:
        return {"licenses": [{"expression": expression}]}
    key = "name" if expression == _UNNUMBERED else "id"
    return {"licenses": [{"license": {key: expression}}]}


def main() -> None:
    """Print the document."""
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
