"""The Knative broker's manifests and the collectors speak of the same events, and wait as long."""

import re

import pytest
from deploy.kustomize import Document
from deploy.manifests import rendered

from shared.batch import EVENT_TYPE_PREFIX
from shared.events.model import SOURCES
from shared.settings import Settings


def of_kind(kind: str, place: str = "knative/broker") -> dict[str, Document]:
    return {each["metadata"]["name"]: each for each in rendered(place) if each["kind"] == kind}


def services() -> dict[str, Document]:
    """Return the Services of Knative in the overlay that is the busiest."""
    return of_kind("Service", "knative/overlays/production")


def seconds(duration: str) -> int:
    """Return an ISO-8601 duration of seconds, as Knative takes them."""
    found = re.fullmatch(r"PT(\d+)S", duration)
    assert found, duration
    return int(found[1])


def test_each_source_has_a_trigger_that_its_collector_gets() -> None:
    found = {
        trigger["spec"]["filter"]["attributes"]["type"]: trigger["spec"]["subscriber"]["ref"][
            "name"
        ]
        for trigger in of_kind("Trigger").values()
    }
    collectors = {"facebook": "fb-consume", "tiktok": "ttk-consume"}
    assert found == {f"{EVENT_TYPE_PREFIX}{source}": collectors[source] for source in SOURCES}
    assert set(found.values()) <= services().keys()


@pytest.mark.parametrize("name", of_kind("Trigger"))
def test_a_trigger_leads_to_what_there_is(name: str) -> None:
    spec = of_kind("Trigger")[name]["spec"]
    assert spec["broker"] in of_kind("Broker")
    sink = spec["delivery"]["deadLetterSink"]["ref"]
    channel = of_kind("NatsJetStreamChannel")[sink["name"]]
    assert (sink["apiVersion"], sink["kind"]) == (channel["apiVersion"], channel["kind"])


@pytest.mark.parametrize("name", of_kind("Trigger"))
def test_a_trigger_waits_as_long_as_its_collector_may_take(name: str) -> None:
    delivery = of_kind("Trigger")[name]["spec"]["delivery"]
    collector = services()[name]["spec"]["template"]["spec"]
    assert seconds(delivery["timeout"]) >= collector["timeoutSeconds"]
    # An outage of some minutes ends before the tries do: the delays double.
    delays = [seconds(delivery["backoffDelay"]) * 2**n for n in range(delivery["retry"])]
    assert delivery["backoffPolicy"] == "exponential"
    assert sum(delays) > 600


@pytest.mark.parametrize("name", services())
def test_requests_wait_in_the_queue_proxy_before_the_function_refuses_them(name: str) -> None:
    spec = services()[name]["spec"]["template"]["spec"]
    assert 0 < spec["containerConcurrency"] <= Settings().max_inflight
