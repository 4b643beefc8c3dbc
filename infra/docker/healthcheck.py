"""Asks the container's program whether it is ready; the standard library only, to be quick."""

import os
import sys
from http.client import HTTPConnection, HTTPException

_TIMEOUT = 2.5
_OK = 200


def main() -> int:
    """Return 0 if it is ready, else 1."""
    path = "/healthz" if os.environ.get("ROLE") == "gateway" else "/health/ready"
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8080")), timeout=_TIMEOUT)
    try:
        connection.request("GET", path)
        return 0 if connection.getresponse().status == _OK else 1
    except (OSError, HTTPException) as error:
        sys.stdout.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
