"""A real LocalStack without Docker, whose functions run as processes of our own interpreter.

Settings: https://docs.localstack.cloud/aws/capabilities/config/configuration/.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import httpx2
from botocore.config import Config
from processes import free_port
from stack import until

REGION = "eu-central-1"
ACCOUNT = "000000000000"
ENTRY_POINTS = """\
[localstack.lambda.runtime_executor]
process = deploy.lambda_executor.executor:ProcessExecutorPlugin

[localstack.hooks.on_infra_start]
keep_objects_apart = deploy.lambda_executor.executor:keep_objects_apart
"""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True)
class LocalStack:
    """One that runs."""

    url: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process needs to take it for AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str) -> Any:  # noqa: ANN401 - made from AWS' models at run time
        """Return a client of a service."""
        return botocore.session.Session().create_client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - LocalStack takes any
            config=Config(retries={"max_attempts": 0}, read_timeout=90),
        )


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[LocalStack]:
    """Run LocalStack from an environment's programs; its state is in `folder`."""
    port = free_port()
    log = folder / "localstack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "python", "-m", "localstack.runtime.main"],
            env=_settings(port, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    found = LocalStack(f"http://127.0.0.1:{port}", log)
    try:
        until(lambda: _is_ready(process, found), timeout=120)
        yield found
    finally:
        # Its state is thrown away; functions' processes end when their Runtime API is gone.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_ready(process: subprocess.Popen[bytes], found: LocalStack) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"LocalStack has ended:\n{found.log.read_text()[-4000:]}")
    try:
        answer = httpx2.get(f"{found.url}/_localstack/init/ready", timeout=5)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200 and bool(answer.json()["completed"])


def _settings(port: int, folder: Path) -> dict[str, str]:
    plugins = folder / "plugins"
    information = plugins / "executor-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: executor\nVersion: 1\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    (plugins / "deploy").symlink_to(Path(__file__).parent)
    here = f"127.0.0.1:{port}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(plugins),
        "GATEWAY_LISTEN": here,
        "LOCALSTACK_HOST": here,
        "FILESYSTEM_ROOT": str(folder),
        "TMPDIR": str(folder),
        "XDG_CACHE_HOME": str(folder),  # what plugins there are is cached
        "OVERRIDE_IN_DOCKER": "0",  # in a container it would write to the machine's folders
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SQS_ENDPOINT_STRATEGY": "path",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_EXECUTOR_PYTHON": sys.executable,
        "LAMBDA_SYNCHRONOUS_CREATE": "1",
        "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "90",
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.1",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.2",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC": "1",
    }
