"""Calls services of AWS over HTTP, signed with Signature Version 4.

Contracts: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html (signatures);
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html (AWS_ENDPOINT_URL).
botocore, of the extra `aws`, finds the credentials wherever AWS' own tools look for them (the
environment of a Lambda function, a container's role, a profile), renews them and signs.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session
from yarl import URL

JSON_TYPE = "application/x-amz-json-1.0"


class AwsError(Exception):
    """A call has failed: AWS is not reached, or has answered so; `status` is 0 without answer."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answered:
    """What a service has answered; header names are as the client library compares them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def region() -> str:
    """Return the region that the environment names. Raises AwsError if it does not."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if found := os.environ.get(variable):
            return found
    raise AwsError("no region: set AWS_REGION")


def endpoint(service: str) -> str:
    """Return a service's URL in the environment's region, e.g. for `sqs`. Raises AwsError."""
    for variable in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if found := os.environ.get(variable):
            return found.rstrip("/")
    place = region()
    domain = "amazonaws.com.cn" if place.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{place}.{domain}"


class Service:
    """One service at one endpoint; `session` is the caller's, to close after use."""

    def __init__(self, name: str, url: str, session: aiohttp.ClientSession) -> None:
        self._name = name
        self._url = url
        self._session = session

    async def call(self, action: str, document: bytes, seconds: float) -> Answered:
        """Call an action of the JSON protocol, e.g. `AmazonSQS.SendMessageBatch`.

        Contract: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html. Raises AwsError.
        """
        return await self.post(
            "/", document, {"Content-Type": JSON_TYPE, "X-Amz-Target": action}, seconds
        )

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Answered:
        """Send a signed request; whatever is answered returns. Raises AwsError if nothing is."""
        url = self._url + path
        # Finding and renewing credentials may ask servers, and blocks meanwhile.
        signed = await asyncio.to_thread(self._signed, url, body, headers)
        limit = aiohttp.ClientTimeout(total=seconds)
        target = URL(url, encoded=True)
        try:
            async with self._session.post(
                target, data=body, headers=signed, timeout=limit
            ) as answer:
                return Answered(answer.status, answer.headers, await answer.read())
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise AwsError(f"{self._name} is not reached: {type(error).__name__}") from error

    def _signed(self, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        request = AWSRequest("POST", url, data=body, headers=dict(headers))
        frozen = _credentials().get_frozen_credentials()
        SigV4Auth(frozen, self._name, region()).add_auth(request)
        return dict(request.headers.items())


@cache
def _credentials() -> Credentials:
    """Return the process's credentials, which renew themselves. Raises AwsError if it has none."""
    found = Session().get_credentials()
    if found is None:
        raise AwsError("no credentials: give the process a role")
    return found
