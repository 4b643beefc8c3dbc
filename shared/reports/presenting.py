"""Makes HTTP responses of answers, in each of their forms."""

from urllib.parse import parse_qsl, urlencode

from shared.reports.answers import Answer
from shared.reports.formats import content_type, writer
from shared.reports.report import Report
from shared.reports.selection import Format, Selection
from shared.reports.tables import moment_text
from shared.requests import Response


def headers_of(tag: str) -> dict[str, str]:
    """Return the headers of every answer with that tag, 304 included."""
    return {"cache-control": "no-cache", "etag": tag, "vary": "Accept"}


def present(report: Report, selection: Selection, answer: Answer, query: str) -> Response:
    """Return an answer whole, in the form that the selection names."""
    form: Format = selection.format or "json"
    if form == "json":
        response = Response.json(answer)
    else:
        series = selection.interval is not None
        made = writer(form, report.table.columns(selection.group_by, series=series))
        body = made.head() + made.write(report.table.rows(answer)) + made.end()
        response = Response(200, body, table_headers(report.name, form, answer))
    cursor = getattr(answer, "next_cursor", None)
    if cursor is not None:
        response.headers["link"] = f'<?{_with_cursor(query, cursor)}>; rel="next"'
    return response


def table_headers(name: str, form: Format, answer: Answer) -> dict[str, str]:
    """Return the headers of a table, which tell what the JSON answer tells beside its groups."""
    headers = {
        "content-type": content_type(form),
        "content-disposition": f'attachment; filename="{name}.{form}"',
    }
    if answer.as_of is not None:
        headers["x-as-of"] = moment_text(answer.as_of)
        headers["x-freshness-seconds"] = f"{answer.freshness_seconds}"
    limits = (("x-range-from", answer.range.start), ("x-range-to", answer.range.end))
    for name_of, moment in limits:
        if moment is not None:
            headers[name_of] = moment_text(moment)
    return headers


def _with_cursor(query: str, cursor: str) -> str:
    given = [(name, text) for name, text in parse_qsl(query) if name != "cursor"]
    return urlencode([*given, ("cursor", cursor)])
