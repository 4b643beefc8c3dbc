"""The files of the page: read once, at start, so that no request ever names a file.

All but the page itself are addressed below a version, a digest of all of them, and never change
there.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from shared.errors import Problem
from shared.reports.revision import is_known
from shared.requests import Request, Response

FOLDER = Path(__file__).with_name("page")
PAGE = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_DIGEST_BYTES = 6
_VERSION = re.compile(r"[0-9a-f]{12}")
_PLACEHOLDER = b"{version}"
_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: its media type, its bytes, plain and compressed, and their tag."""

    media_type: str
    body: bytes
    small: bytes
    tag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> "Asset":
        """Make the asset of a file. Raises KeyError for a type that the page does not use."""
        small = gzip.compress(body, mtime=0)
        return cls(_TYPES[Path(name).suffix], body, small, _digest(body))


class Assets:
    """The files of a folder by their path below it.

    `role` is the function's name: the page asks for a file below it, too, where it was opened
    without the slash at the end of its address.
    """

    def __init__(self, role: str, folder: Path = FOLDER) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self.version = _digest(b"\0".join(name.encode() + files[name] for name in files))
        files[PAGE] = files[PAGE].replace(_PLACEHOLDER, self.version.encode())
        self._role = role
        self._assets: Mapping[str, Asset] = {name: Asset.of(name, files[name]) for name in files}

    def answer(self, request: Request) -> Response:
        """Answer with the file of a request's path. Raises Problem not_found."""
        name = request.path.removeprefix("/")
        first, slash, rest = name.partition("/")
        if slash and (first == self._role or _VERSION.fullmatch(first)):
            name = rest
        asset = self._assets.get(name or PAGE)
        if asset is None:
            raise Problem("not_found", "The dashboard has no such file; it begins at `/`.")
        return _sent(asset, request.headers, lasting=first == self.version)


def _sent(asset: Asset, headers: Mapping[str, str], *, lasting: bool) -> Response:
    compressed = "gzip" in headers.get("accept-encoding", "")
    tag = f'"{asset.tag}-gzip"' if compressed else f'"{asset.tag}"'
    answered = {
        "cache-control": _IMMUTABLE if lasting else "no-cache",
        "etag": tag,
        "vary": "accept-encoding",
    }
    if is_known(tag, headers.get("if-none-match", "")):
        return Response(HTTPStatus.NOT_MODIFIED, headers=answered)
    answered["content-type"] = asset.media_type
    if compressed:
        answered["content-encoding"] = "gzip"
    return Response(body=asset.small if compressed else asset.body, headers=answered)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
