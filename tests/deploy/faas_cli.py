"""What faas-cli sends, command by command, and which answers it takes for success.

Source: github.com/openfaas/faas-cli at c8191b71 (July 2026), proxy/*.go and commands/*.go, and
the go-sdk it vendors (client.go). A gateway before the platform passes bodies on chunked, which
`chunked` imitates.
"""

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

AGENT = "faas-cli/0.18.12"


class RejectedError(Exception):
    """faas-cli would print this and end with exit code 1."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - each document has a shape of its own
        return json.loads(self.body)

    def accept(self, *statuses: int) -> "Answer":
        if self.status not in statuses:
            raise RejectedError(f"{self.status} - {self.body.decode()}")
        return self


@dataclass(frozen=True)
class FaasCli:
    """One user of faas-cli, logged in or not."""

    gateway: str
    user: str = ""
    password: str = ""
    chunked: bool = False

    def send(
        self,
        method: str,
        path: str,
        document: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send as proxy/client.go's newRequest does: JSON, and the credentials it has."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}
        headers["Authorization"] = self._authorization()
        if body is not None:
            headers["Content-Type"] = "application/json"
        target = f"{path}?{urlencode(sorted(query.items()))}" if query else path
        return self.exchange(method, target, body, headers)

    def exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.gateway).netloc, timeout=60)
        try:
            chunks = iter([body]) if self.chunked and body else None
            connection.request(
                method, target, chunks or body, headers, encode_chunked=chunks is not None
            )
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def _authorization(self) -> str:
        """proxy/auth.go: basic if logged in, else a bearer token, be it empty."""
        if not self.user:
            return "Bearer "
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Basic {token}"

    def login(self) -> None:
        """commands/login.go, validateLogin."""
        token = {"Authorization": self._authorization(), "User-Agent": "Go-http-client/1.1"}
        self.exchange("GET", "/system/functions", None, token).accept(200)

    def listed(self, namespace: str = "") -> list[dict[str, Any]]:
        """proxy/list.go"""
        query = {"namespace": namespace} if namespace else None
        functions: list[dict[str, Any]] = (
            self.send("GET", "/system/functions", None, query).accept(200).json()
        )
        return functions

    def describe(self, name: str, namespace: str = "") -> dict[str, Any]:
        """commands/describe.go: the function, then the list for its invocations."""
        query = {"usage": "1"} | ({"namespace": namespace} if namespace else {})
        one = self.send("GET", f"/system/function/{name}", None, query).accept(200).json()
        [listed] = [each for each in self.listed(namespace) if each["name"] == one["name"]]
        return {**one, "invocationCount": int(listed["invocationCount"])}

    def namespaces(self) -> list[str]:
        """proxy/namespaces.go"""
        names: list[str] = self.send("GET", "/system/namespaces").accept(200).json()
        return names

    def version(self) -> dict[str, Any]:
        """proxy/version.go; commands/version.go follows these members without a look."""
        info = self.send("GET", "/system/info").accept(200).json()
        return {
            "gateway": info["version"]["release"],
            "gatewaySha": info["version"]["sha"],
            "provider": info["provider"]["provider"],
            "orchestration": info["provider"]["orchestration"],
            "release": info["provider"]["version"]["release"],
            "sha": info["provider"]["version"]["sha"],
        }

    def deploy(self, name: str, *, replace: bool = False, **given: object) -> str:
        """proxy/deploy.go: PUT, then POST if there is none; DELETE, then POST to replace.

        Returns the method that did it. Exit code 0 on 200 and 202 only (commands/deploy.go).
        """
        request = {"service": name, "image": "hookstream:latest", "labels": None}
        request |= {"annotations": None, **given}  # type: ignore[dict-item]  # of many types
        if replace:
            self.remove(name, forgiving=True)
        answer = self.send("POST" if replace else "PUT", "/system/functions", request)
        if answer.status == 404 and not replace:
            self.send("POST", "/system/functions", request).accept(200, 202)
            return "POST"
        answer.accept(200, 202)
        return "POST" if replace else "PUT"

    def remove(self, name: str, *, forgiving: bool = False) -> None:
        """proxy/delete.go; the error is only printed by `deploy --replace` and `remove -f`."""
        answer = self.send("DELETE", "/system/functions", {"functionName": name})
        if not forgiving:
            answer.accept(200, 201, 202)

    def scale(self, name: str, replicas: int) -> None:
        """go-sdk client.go, ScaleFunction; faas-cli has no command for it."""
        request = {"serviceName": name, "replicas": replicas}
        self.send("POST", f"/system/scale-function/{name}", request).accept(200, 201, 202)

    def secrets(self) -> list[dict[str, str]]:
        """proxy/secret.go, GetSecretList."""
        listed: list[dict[str, str]] = self.send("GET", "/system/secrets").accept(200, 202).json()
        return listed

    def create_secret(self, name: str, *, literal: str = "", file: bytes = b"") -> bool:
        """commands/secret_create.go: a file comes twice, trimmed as text and raw in base64.

        Returns whether it was new: faas-cli ends well if it was not.
        """
        answer = self.send("POST", "/system/secrets", _secret(name, literal, file))
        return answer.accept(200, 201, 202, 409).status != 409

    def update_secret(self, name: str, *, literal: str = "", file: bytes = b"") -> None:
        """proxy/secret.go, UpdateSecret."""
        self.send("PUT", "/system/secrets", _secret(name, literal, file)).accept(200, 202)

    def remove_secret(self, name: str) -> None:
        """proxy/secret.go, RemoveSecret."""
        self.send("DELETE", "/system/secrets", {"name": name}).accept(200, 202)

    @contextmanager
    def logs(
        self, name: str, *, follow: bool = True, lines: int = -1, since: str = ""
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """proxy/logs.go: `--tail` is `follow`, and on; yields what its decoder reads."""
        query = {"name": name, "follow": str(follow).lower()}
        query |= ({"since": since} if since else {}) | ({"tail": str(lines)} if lines else {})
        connection = http.client.HTTPConnection(urlsplit(self.gateway).netloc, timeout=20)
        headers = {"User-Agent": AGENT, "Authorization": self._authorization()}
        connection.request("GET", f"/system/logs?{urlencode(query)}", None, headers)
        with closing(connection), connection.getresponse() as answer:
            if answer.status != 200:
                raise RejectedError(f"{answer.status} - {answer.read().decode()}")
            yield (json.loads(line) for line in answer)

    def invoke_async(self, name: str, body: bytes = b"", **headers: str) -> str:
        """commands/invoke.go with --async; returns the call's id."""
        given = {"User-Agent": AGENT, "Content-Type": "text/plain"}
        given |= {header.replace("_", "-"): value for header, value in headers.items()}
        target = f"/async-function/{name}.openfaas-fn"
        return self.exchange("POST", target, body, given).accept(202).headers["x-call-id"]

    def invoke(self, name: str, body: bytes = b"", namespace: str = "openfaas-fn") -> bytes:
        """commands/invoke.go: by name.namespace, without credentials."""
        headers = {"User-Agent": AGENT, "Content-Type": "text/plain"}
        answer = self.exchange("POST", f"/function/{name}.{namespace}", body, headers)
        return answer.accept(*range(200, 300)).body


def _secret(name: str, literal: str, file: bytes) -> dict[str, str]:
    if not file:
        return {"name": name, "value": literal.strip()}
    raw = base64.b64encode(file).decode()
    return {"name": name, "value": file.decode().strip(), "rawValue": raw}
