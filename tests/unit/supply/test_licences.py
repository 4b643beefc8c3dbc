"""Every locked package says what its licence is, and the image's are allowed."""

import re
from importlib.metadata import PackageNotFoundError, version
from itertools import chain

import pytest

from infra.supply.licences import is_allowed, licence_of
from infra.supply.page import PAGE, versions
from infra.supply.pins import IMAGE_LOCK, LOCKS, Pin, read_pins

IMAGE = read_pins(IMAGE_LOCK)
LOCKED = sorted(set(chain.from_iterable(read_pins(lock) for lock in LOCKS)))


def installed(pin: Pin) -> bool:
    """Say whether a pin is what this environment has; what has a marker need not be there."""
    try:
        return version(pin.name) == pin.version
    except PackageNotFoundError:
        assert pin.marker, f"{pin.name} is locked for all, but not installed"
        return False


def rows() -> dict[str, list[str]]:
    """Return versions and licence of the page's packages."""
    found = re.findall(r"^\| ([a-z0-9.-]+) \| ([^|]+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: [versions, licence] for name, versions, licence in found if name != "package"}


def test_locks_are_read_whole() -> None:
    for lock in LOCKS:
        lines = [line for line in lock.read_text().splitlines() if re.match(r"[a-z0-9].*==", line)]
        assert len(read_pins(lock)) == len(lines) > 10


def test_the_page_has_what_is_locked() -> None:
    locked = {name: ", ".join(found) for name, found in versions(LOCKS).items()}
    assert {name: found for name, (found, _) in rows().items()} == locked, "run `make schema`"


def test_the_page_says_what_packages_say() -> None:
    given = rows()
    # Of two versions, for two versions of Python, the page has the licence of one.
    alone = [pin for pin in LOCKED if given[pin.name][0] == pin.version and installed(pin)]
    assert len(alone) > len(IMAGE)
    for pin in alone:
        assert given[pin.name][1] == licence_of(pin.name), f"{pin.name}: run `make schema`"


def test_the_image_has_allowed_licences_only() -> None:
    refused = {pin.name: licence_of(pin.name) for pin in IMAGE if installed(pin)}
    assert {name: each for name, each in refused.items() if not is_allowed(each)} == {}
    assert len(refused) > len(IMAGE) / 2


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True), ("GPL-3.0-only OR MIT AND BSD-3-Clause", True),
        ("MIT AND AGPL-3.0-only OR SSPL-1.0", False), ("", False), ("mit", False),
    ],
)  # fmt: skip
def test_of_alternatives_one_will_do(expression: str, allowed: bool) -> None:  # noqa: FBT001 - expected
    assert is_allowed(expression) is allowed


@pytest.mark.parametrize(
    ("package", "licence"),
    [
        ("nats-py", "Apache-2.0"), ("aiosignal", "Apache-2.0"), ("jinja2", "BSD"),
        ("axe-playwright-python", "MIT"), ("python-dateutil", "BSD OR Apache-2.0"),
    ],
)  # fmt: skip
def test_each_way_of_saying_it_is_understood(package: str, licence: str) -> None:
    assert licence_of(package) == licence
