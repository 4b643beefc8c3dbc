"""The generated JSON Schema: no drift, and the same verdict as the validation."""

import json
from typing import Any

import jsonschema
import pytest
from builders import facebook, tiktok

from shared.events.model import EVENT_TYPES, SOURCES, Source
from shared.events.schema import FOLDER, event_schema, render


@pytest.mark.parametrize("source", SOURCES)
def test_the_committed_schema_is_the_generated_one(source: Source) -> None:
    assert (FOLDER / f"{source}.schema.json").read_text() == render(source)


def test_the_schema_accepts_the_valid_samples(samples: dict[str, Any]) -> None:
    validators = {s: jsonschema.Draft202012Validator(event_schema(s)) for s in SOURCES}
    for name, events in samples["valid"].items():
        for event in events:
            validators[name.partition(":")[0]].validate(event)


def test_the_schema_refuses_the_corrupt_samples(samples: dict[str, Any]) -> None:
    time_only = {"timestamp invalid", "corruptFacebookEvent applied to a TikTok event"}
    for sample in samples["corrupt"]:
        if sample["corruption"] in time_only:
            continue
        schema = event_schema(sample["event"]["source"])
        assert not jsonschema.Draft202012Validator(schema).is_valid(sample["event"])


def test_each_type_of_the_table_has_a_schema_branch() -> None:
    for event_type in EVENT_TYPES:
        build = facebook if event_type.source == "facebook" else tiktok
        event = json.loads(json.dumps(build(event_type.name)))
        jsonschema.Draft202012Validator(event_schema(event_type.source)).validate(event)
