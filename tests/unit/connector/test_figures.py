"""A counter that follows another server's total."""

from prometheus_client import CollectorRegistry, Counter

from infra.connector.figures import Following


def test_a_counter_follows_a_total_also_when_that_begins_anew() -> None:
    registry = CollectorRegistry()
    following = Following(Counter("followed", "A total.", registry=registry))

    def counted() -> float | None:
        return registry.get_sample_value("followed_total")

    following.see(1_000)  # what was before is not ours to count
    assert counted() == 0
    following.see(1_007)
    assert counted() == 7
    following.see(3)
    assert counted() == 10
