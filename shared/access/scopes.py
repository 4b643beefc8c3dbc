"""What a caller may do, and whether anybody is asked at all.

- `ingest`: send events to webhook-ingest;
- `report`: read the reports;
- `ops`: look at the pipeline, list, redrive and drop dead letters, use the provider API;
- `admin`: all of it.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import Literal, Protocol

from shared.settings import Settings

Scope = Literal["ingest", "report", "ops", "admin"]

SCOPES: tuple[Scope, ...] = ("ingest", "report", "ops", "admin")


class Asked(Protocol):
    """The part of a request by which it is admitted; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class Admission(Protocol):
    """Lets callers in or not."""

    async def admit(self, request: Asked) -> str:
        """Return who calls, as it may be logged; '' if that is not known yet.

        Raises Problem invalid_credentials, forbidden, rate_limited or keys_unavailable.
        """


def covers(granted: Collection[str], needed: Scope) -> bool:
    """Say whether somebody with the scopes `granted` may do what needs `needed`."""
    return needed in granted or "admin" in granted


def is_open(chosen: Settings, *, local: bool) -> bool:
    """Say whether nobody is asked who they are; `local`: only this machine can connect."""
    return chosen.auth == "none" or (chosen.auth == "auto" and local)


def is_loopback(address: str) -> bool:
    """Say whether only this machine can connect to an address."""
    return ip_address(address).is_loopback
