"""docs/settings.md has every setting, as it is, under the heading that the code has."""

import re

import msgspec
import pytest
from deploy.manifests import ROOT

from infra.docker.reference import PAGE, groups, page
from shared.settings import SECRETS, Settings

FIELDS = [field.name for field in msgspec.structs.fields(Settings)]
GIVEN = PAGE.read_text()


def row(name: str) -> list[str]:
    [found] = re.findall(rf"^\| `{name.upper()}` \|.*$", GIVEN, re.MULTILINE)
    return [cell.strip() for cell in found.strip("|").split(" | ")]


def test_the_page_is_up_to_date() -> None:
    assert page() == GIVEN, "run `make schema`"


def test_every_setting_is_under_a_heading_in_the_order_of_the_code() -> None:
    assert [name for names in groups().values() for name in names] == FIELDS
    assert re.findall(r"^\| `([A-Z_]+)` \|", GIVEN, re.MULTILINE) == [
        name.upper() for name in FIELDS
    ]
    assert len(groups()) > 5
    assert re.findall(r"^## (.+)$", GIVEN, re.MULTILINE) == list(groups())


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_says_what_it_means_and_whether_it_is_secret(name: str) -> None:
    _, default, values, meaning = row(name)
    assert default
    assert values
    assert len(meaning) > 10
    assert ("**Secret.**" in meaning) == (name in SECRETS)


def test_bounds_choices_and_sizes_are_said() -> None:
    assert row("port")[1:3] == ["`8080`", "whole number, ≥ 0, ≤ 65535"]
    assert row("ack_wait")[2] == "number, > 0"
    assert row("auth")[2] == "`auto` or `keys` or `none`"
    assert row("migrate_on_start")[1:3] == ["`true`", "`true` or `false`"]
    assert row("max_body_bytes")[1:3] == ["`33554432` (32 MiB)", "whole number, ≥ 1024 (1 KiB)"]
    assert row("fb_consume_url")[1:3] == ["none", "text"]


def test_other_pages_link_to_what_there_is() -> None:
    for path in re.findall(r"\]\(([^)]+)\)", GIVEN):
        assert (ROOT / "docs" / path).is_file()
