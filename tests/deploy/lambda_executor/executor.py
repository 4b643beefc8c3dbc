"""LocalStack's executor `process`: functions as processes of the real runtime client, no Docker.

Its interpreter is LAMBDA_EXECUTOR_PYTHON. LocalStack finds the plugin by an entry point.
"""

import os
from pathlib import Path

from deploy.lambda_executor.environment import Environment, InitError
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor
from localstack.services.s3 import provider as s3


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack has no types here
    """One execution environment as LocalStack manages it."""

    _environment: Environment

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process."""
        config = self.function_version.config
        self._environment = Environment(
            os.environ["LAMBDA_EXECUTOR_PYTHON"],
            config.handler,
            Path(config.code.get_unzipped_code_location()),
            {name: str(value) for name, value in env_vars.items()},
            timeout=config.timeout,
        )
        try:
            self._environment.start()
        except InitError as error:
            raise StatusErrorException("the handler is not loaded", error.payload) from error

    def stop(self) -> None:
        """End the process."""
        self._environment.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Hand an event to the process."""
        try:
            outcome = self._environment.invoke(
                payload["payload"].encode(), payload["invoke-id"], payload["invoked-function-arn"]
            )
        except InitError as error:
            raise StatusErrorException("the handler is not loaded", error.payload) from error
        return InvocationResult(
            outcome.request_id, outcome.payload, is_error=outcome.failed, logs=outcome.log
        )

    def get_logs(self) -> str:
        """Return what the process has written."""
        return self._environment.read_log()

    def get_address(self) -> str:
        """Return this machine: where LocalStack runs, too."""
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self) -> str:
        """Return nothing: the process has a Runtime API of its own."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Have the code in a folder."""
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Leave the code: it is the function's."""


class ProcessExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # as above
    """How LocalStack knows the executor."""

    name = "process"

    def load(self, *_: object, **__: object) -> type[ProcessExecutor]:
        """Return the executor."""
        return ProcessExecutor


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def keep_objects_apart() -> None:
    """Keep S3's objects in this instance's folder: by default all instances share one."""
    s3.DEFAULT_S3_TMP_DIR = str(Path(os.environ["FILESYSTEM_ROOT"], "s3"))
