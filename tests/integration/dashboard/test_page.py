"""The page over HTTP: what is there, what is not, and what browsers are told."""

import socket
from urllib.parse import urlsplit

import httpx2
import pytest
from processes import serve

from functions.report_dashboard.main import HEADERS


def test_every_answer_of_the_page_tells_browsers_what_they_may(client: httpx2.Client) -> None:
    for path in ("/", "/layout.css", "/vendor/uplot.js", "/pipeline"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert HEADERS.items() <= answer.headers.items()
    assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/view.js").headers["content-type"] == "text/javascript; charset=utf-8"


def test_an_asset_is_sent_once(client: httpx2.Client) -> None:
    first = client.get("/layout.css")
    again = client.get("/layout.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert HEADERS.items() <= again.headers.items()


def test_head_has_the_length_and_no_body(client: httpx2.Client) -> None:
    for path in ("/", "/vendor/uplot.js", "/pipeline"):
        head = client.head(path, headers={"accept-encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 100


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(client: httpx2.Client, method: str) -> None:
    for path in ("/", "/pipeline"):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/../main.py",
        "/%2e%2e/main.py",
        "/..%2fmain.py",
        "/vendor/..%2f..%2fassets.py",
        "/%252e%252e/main.py",
        "//main.py",
        "/main.py",
        "/..%5cmain.py",
        "/index.html%00",
    ],
)
def test_no_path_leaves_the_page(client: httpx2.Client, path: str) -> None:
    """Sent by hand: clients tidy paths up."""
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    status, _, rest = answer.partition(b"\r\n")
    assert int(status.split()[1]) in {400, 404}
    assert b"import" not in rest


def test_the_page_is_there_while_the_database_is_away() -> None:
    away = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "DATABASE_TIMEOUT": "1"}
    with serve("shared.serve", "report-dashboard", environment=away) as served:
        assert httpx2.get(served.url, timeout=10).status_code == 200
        refused = httpx2.get(f"{served.url}/pipeline", timeout=10)
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
