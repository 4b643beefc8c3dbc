"""The gateway's addresses: which function a request's path names, and what that function sees."""

from collections.abc import Mapping

from shared.errors import Problem

NAMESPACE = "openfaas-fn"

_REPORT = "report-"
_DASHBOARD = "report-dashboard"
_PAGE = b"/function/report-dashboard/"
_ALIASES = {_PAGE[:-1]} | {
    path + slash for path in (b"/dashboard", b"/reports/dashboard") for slash in (b"", b"/")
}


class Routes:
    """Finds functions by `/function/<name>[.openfaas-fn][/path]`, `/reports/<name>` as well."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._known = ", ".join(sorted(names))
        self._aliases = _ALIASES if _DASHBOARD in names else set()
        self._names = {(b"function", name.encode()): name for name in names}
        self._names |= {
            (b"reports", name.removeprefix(_REPORT).encode()): name
            for name in names
            if name.startswith(_REPORT)
        }

    def find(self, sent: bytes) -> tuple[str, bytes]:
        """Return the name of the function and the path and query for it, as they were sent.

        Raises Problem not_found.
        """
        path, mark, query = sent.partition(b"?")
        _, area, name, *rest = [*path.split(b"/", 3), b"", b""][:4]
        function = self._names.get((area, name.removesuffix(b".%b" % NAMESPACE.encode())))
        if function is None:
            detail = f"No function answers here. The functions are: {self._known}."
            raise Problem("not_found", detail)
        return function, b"/%b%b%b" % (b"".join(rest), mark, query)

    def elsewhere(self, sent: bytes) -> bytes | None:
        """Return where the dashboard's page is if `sent` is another name of it, else None.

        The page finds its files and the reports relative to its address. The query is kept.
        """
        path, mark, query = sent.partition(b"?")
        return b"%b%b%b" % (_PAGE, mark, query) if path in self._aliases else None
