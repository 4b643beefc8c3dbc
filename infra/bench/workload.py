"""A fixed number of valid events, as bodies."""

from random import Random

from infra.bench.rendering import Renderer, pieces_of
from infra.bench.stock import Stock


def bodies(events: int, size: int) -> list[bytes]:
    """Return JSON arrays of `size` valid events each, the last one shorter."""
    rng = Random()  # noqa: S311 - test data
    renderer = Renderer(Stock(rng, max(events, size)), rng, corrupts_last=0)
    sizes = (min(size, events - done) for done in range(0, events, size))
    return [b"".join(pieces_of(body)) for body in renderer.arrays(sizes)]
