"""Which file a path names, and how it is sent."""

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.report_dashboard.assets import FOLDER, Assets
from functions.report_dashboard.main import HEADERS, NAME
from shared.errors import Problem
from shared.requests import Request, Response

ASSETS = Assets(NAME)
OTHER_VERSION = "0" * 12
FILES = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
PAGE = (FOLDER / "index.html").read_bytes()


def get(path: str, assets: Assets = ASSETS, **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return assets.answer(
        Request("GET", path, "", given, lambda: pytest.fail("a body was read"), "test")
    )


def test_the_page_names_its_files_by_their_version() -> None:
    page = get("/")
    assert page.body == PAGE.replace(b"{version}", ASSETS.version.encode())
    named = re.findall(rb'(?:src|href)="([^"#.][^"]*)"', page.body)
    assert len(named) > 8
    for name in named:
        if name != b"report-dashboard/":
            assert get(f"/{name.decode()}").status == 200


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_immutable_below_its_version_only(name: str) -> None:
    lasting = get(f"/{ASSETS.version}/{name}")
    assert "immutable" in lasting.headers["cache-control"]
    for path in (f"/{name}", f"/{OTHER_VERSION}/{name}", f"/{NAME}/{name}"):
        assert get(path).headers["cache-control"] == "no-cache"
        assert get(path).body == lasting.body


def test_a_known_tag_is_not_sent_again() -> None:
    tag = get("/").headers["etag"]
    again = get("/", if_none_match=tag)
    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert get("/", if_none_match='"other"').status == 200


def test_compressed_files_have_a_tag_of_their_own() -> None:
    plain, small = get("/layout.css"), get("/layout.css", accept_encoding="br, gzip")
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == plain.body
    assert small.headers["etag"] != plain.headers["etag"]
    assert {plain.headers["vary"], small.headers["vary"]} == {"accept-encoding"}


def test_any_change_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("{version}/a.js")
    script = tmp_path / "a.js"
    script.write_text("1")
    first = Assets(NAME, tmp_path)
    assert get("/", first).body == f"{first.version}/a.js".encode()
    script.write_text("2")
    assert Assets(NAME, tmp_path).version != first.version
    script.rename(tmp_path / "b.js")
    assert Assets(NAME, tmp_path).version != first.version


@pytest.mark.parametrize(
    "path",
    [
        "/../assets.py",
        "/../../report_dashboard/main.py",
        f"/{ASSETS.version}/../../main.py",
        "/vendor/../../main.py",
        "//etc/passwd",
        "/etc/passwd",
        "/..\\main.py",
        "/vendor",
        "/vendor/",
        "/index.html\0.js",
        "/./index.html",
        "/main.py",
        f"/{NAME}/{NAME}/slash.js",
    ],
)
def test_nothing_but_the_page_is_there(path: str) -> None:
    with pytest.raises(Problem, match="not_found"):
        get(path)


@given(st.lists(st.sampled_from(["..", ".", "", "vendor", "index.html", "main.py", "/", "%2e%2e"])))
def test_no_path_leaves_the_folder(parts: list[str]) -> None:
    try:
        body = get("/" + "/".join(parts)).body
    except Problem as problem:
        assert problem.kind.code == "not_found"
    else:
        assert body == get("/").body


def test_the_policy_allows_no_other_origin_and_nothing_inline() -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'", "'script'"}
    assert policy["frame-ancestors"] == "'none'"
    for name in FILES:
        text = (FOLDER / name).read_text()
        if name.endswith(".html"):
            assert not re.search(r"<style|<script>|\sstyle=|\son\w+=|javascript:", text)
        if name.endswith(".js") and not name.startswith("vendor/"):
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", text), name


def test_the_vendored_library_comes_with_its_licence_and_version() -> None:
    vendored = FOLDER / "vendor"
    version = re.search(r"uPlot ([\d.]+)", (vendored / "uplot-version.txt").read_text())
    assert version is not None
    assert f"(v{version[1]})" in (vendored / "uplot.js").read_text()[:100]
    assert "MIT License" in (vendored / "uplot-license.txt").read_text()
