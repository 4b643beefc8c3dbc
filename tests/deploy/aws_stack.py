"""The template as LocalStack deploys it, and how to talk to what it makes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from deploy.localstack import ACCOUNT, REGION, LocalStack
from deploy.manifests import INFRA, ROOT
from stack import until

TEMPLATE = INFRA / "aws" / "template.yaml"
SETTLED = ("_COMPLETE", "_FAILED")


@dataclass(frozen=True)
class AwsStack:
    """A deployed stack; `outputs` are those of the template."""

    aws: LocalStack
    name: str
    outputs: Mapping[str, str]

    def ask(self, output: str, method: str = "GET", path: str = "/", **options: Any) -> Any:  # noqa: ANN401 - httpx's own
        """Send a request to a function URL and return its answer.

        The URL's host is a name below LocalStack's, told by a header.
        """
        headers = {"Host": urlsplit(self.outputs[output]).netloc, **options.pop("headers", {})}
        url = self.aws.url + path
        return httpx2.request(method, url, headers=headers, timeout=90, **options)

    def queue(self, subject: str) -> str:
        """Return the URL of the queue of a subject, e.g. `events-facebook`."""
        return f"{self.aws.url}/queue/{REGION}/{ACCOUNT}/{self.name}-{subject}"

    def waiting(self, subject: str) -> int:
        """Return how many messages a queue holds."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.queue(subject), AttributeNames=names
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def taken(self, subject: str) -> list[dict[str, Any]]:
        """Receive all messages of a queue; they are not deleted."""
        found: list[dict[str, Any]] = []
        while (
            batch := self.aws.client("sqs")
            .receive_message(
                QueueUrl=self.queue(subject),
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
            )
            .get("Messages")
        ):
            found += batch
        return found

    def send(self, subject: str, bodies: Sequence[str]) -> None:
        """Put bodies into a queue as they are."""
        for body in bodies:
            self.aws.client("sqs").send_message(QueueUrl=self.queue(subject), MessageBody=body)


def deploy(aws: LocalStack, name: str, **parameters: str) -> AwsStack:
    """Deploy the template from this tree, which is not even copied.

    `CodeUri` names LocalStack's bucket for that (Lambda hot reloading); the runtime is that of the
    executor whatever the template says.
    """
    here = f"CodeUri: {{Bucket: hot-reload, Key: '{ROOT}'}}"
    text = TEMPLATE.read_text()
    assert text.count("CodeUri: ../../dist/aws/") == 1
    cloud = aws.client("cloudformation")
    cloud.create_stack(
        StackName=name,
        TemplateBody=text.replace("CodeUri: ../../dist/aws/", here),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    )

    def described() -> dict[str, Any]:
        return cloud.describe_stacks(StackName=name)["Stacks"][0]  # type: ignore[no-any-return]

    until(lambda: described()["StackStatus"].endswith(SETTLED), timeout=180)
    found = described()
    if found["StackStatus"] != "CREATE_COMPLETE":
        events = cloud.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        raise RuntimeError(json.dumps(failed or found, default=str, indent=1))
    return AwsStack(
        aws, name, {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    )
