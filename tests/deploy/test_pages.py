"""Each command of the pages that begin at an empty cluster names what there is."""

import re

import pytest
from deploy.pages import Command, commands, marks, page, problems

PAGES = ["openfaas", "knative"]
TOO = ("validated by CRD",)
"""A mark that needs no explanation."""

MISTAKES = [
    ("openfaas", "-f infra/openfaas/stack.yaml", "-f infra/openfaas/stacks.yaml"),
    ("openfaas", "infra/docker/Dockerfile", "infra/Dockerfile"),
    ("openfaas", "secret create nats-url-ingest", "secret create nats-url-ingress"),
    ("openfaas", "-k infra/openfaas/kubernetes", "-k infra/openfaas"),
    ("openfaas", "job/hookstream-prepare", "job/prepare"),
    ("openfaas", "secret generic nats-users", "secret generic nats-passwords"),
    ("openfaas", "hookstream reconcile --nats-url", "hookstream reconcil --nats-url"),
    ("openfaas", "--no-prove", "--no-proof"),
    ("openfaas", "run --rm publisher", "run --rm publish"),
    ("openfaas", "exec gateway", "exec ingest"),
    ("openfaas", "--profile grafana", "--profile charts"),
    ("openfaas", "/function/report-events", "/function/report-event"),
    ("openfaas", "faas-cli list", "faas-cli ls"),
    ("openfaas", "helm repo add nats ", "helm repo add nat "),
    ("openfaas", "kubectl create namespace postgres", "kubectl create namespace postgresql"),
    ("knative", "-f infra/nats/values.yaml", "-f infra/nats/value.yaml"),
    ("knative", "overlays/production", "overlays/prod"),
    ("knative", "--from-literal=nats-url-ingest=", "--from-literal=NATS_URL="),
    ("knative", "create secret generic database-url", "create secret generic database"),
    ("knative", "ksvc webhook-ingest", "ksvc ingest"),
    ("knative", "-n nats svc/nats", "-n nets svc/nats"),
    ("knative", "-k infra/knative/broker", "-k infra/knative/brokers"),
    ("knative", "kubectl wait", "kubectl await"),
    ("knative", "kubectl apply -f infra/postgres", "kubectl apply -f infra/postgresql"),
]


@pytest.mark.parametrize("name", PAGES)
def test_each_command_names_what_there_is(name: str) -> None:
    listed = commands(page(name))
    assert len(listed) > 20
    assert problems(listed) == []


@pytest.mark.parametrize("name", PAGES)
def test_each_command_says_what_was_done_with_it(name: str) -> None:
    explained = (*marks(page(name)), *TOO)
    for command in commands(page(name)):
        if not command.text.startswith("export "):
            said = re.split(r"[,;:]", command.mark)[0]
            assert said in explained, command


@pytest.mark.parametrize(("name", "right", "wrong"), MISTAKES)
def test_a_mistake_is_noticed(name: str, right: str, wrong: str) -> None:
    text = page(name)
    assert right in text
    assert problems(commands(text.replace(right, wrong)))


def test_lines_that_go_on_are_one_command() -> None:
    text = "```sh\na \\\n  --b |\n  c   # ran\nd  # not run\n```\n"
    assert commands(text) == [Command("a --b | c", "ran"), Command("d", "not run")]
