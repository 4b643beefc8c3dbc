"""Fetches secrets from AWS Secrets Manager when a process starts.

They are nowhere in a function's configuration, which whoever may describe it can read: that names
only where they are, DATABASE_SECRET_ARN and NATS_SECRET_ARN. Contracts:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html and, for
what RDS writes into a secret, https://docs.aws.amazon.com/secretsmanager/latest/userguide/
reference_secret_json_structure.html.
"""

import os
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

import aiohttp
import msgspec

from shared.aws.calls import AwsError, Service, endpoint
from shared.settings import given_text

_TIMEOUT = 5.0


class _Value(msgspec.Struct):
    SecretString: str


class _Access(msgspec.Struct):
    """How to reach a database, as RDS keeps it."""

    username: str
    password: str
    host: str = ""
    port: Annotated[int, msgspec.Meta(gt=0, lt=65536)] = 5432
    dbname: str = "hookstream"


async def fetch_secrets() -> None:
    """Put DATABASE_URL and NATS_URL into the process's environment, if it names their secrets.

    Raises AwsError, or ValueError if a secret holds something else.
    """
    wanted = {
        "DATABASE_URL": given_text("database_secret_arn"),
        "NATS_URL": given_text("nats_secret_arn"),
    }
    if not any(wanted.values()):
        return
    async with aiohttp.ClientSession() as session:
        service = Service("secretsmanager", endpoint("secretsmanager"), session)
        for variable, arn in wanted.items():
            if arn:
                os.environ[variable] = _as_url(await _fetch(service, arn), arn)


async def _fetch(service: Service, arn: str) -> str:
    asked = msgspec.json.encode({"SecretId": arn})
    answer = await service.call("secretsmanager.GetSecretValue", asked, _TIMEOUT)
    if answer.status != HTTPStatus.OK:
        raise AwsError(f"the secret {arn} is not to be had", answer.status)
    return msgspec.json.decode(answer.body, type=_Value).SecretString.strip()


def _as_url(text: str, arn: str) -> str:
    """Return a secret that is a URL as it is, one as RDS writes it as a libpq URI.

    DATABASE_ENDPOINT, a proxy's for example, comes before the secret's own host.
    """
    if not text.startswith("{"):
        return text
    try:
        access = msgspec.json.decode(text, type=_Access)
    except msgspec.MsgspecError as error:
        # Neither its text nor the parser's message, which may quote it.
        raise ValueError(f"the secret {arn} is not what RDS writes") from error
    host = given_text("database_endpoint") or access.host
    user, password = quote(access.username, safe=""), quote(access.password, safe="")
    return f"postgresql://{user}:{password}@{host}:{access.port}/{quote(access.dbname, safe='')}"
