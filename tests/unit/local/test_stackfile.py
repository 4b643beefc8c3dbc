from pathlib import Path

import pytest
import yaml

from infra.local.stackfile import DEFAULT_STACK, StackFileError, read_stack

REFUSED_BY_COMMUNITY_EDITION = {
    "com.openfaas.scale.zero",
    "com.openfaas.scale.zero-duration",
    "com.openfaas.scale.target",
    "com.openfaas.scale.type",
}


def write(tmp_path: Path, function: str) -> Path:
    path = tmp_path / "stack.yaml"
    path.write_text(f"functions:\n  one:\n    fprocess: python one.py\n{function}")
    return path


def test_the_shipped_file_scales_collectors_to_zero_and_keeps_ingest() -> None:
    specs = read_stack(DEFAULT_STACK)
    assert {name: (spec.minimum, spec.idle) for name, spec in specs.items()} == {
        "webhook-ingest": (1, 15),
        "fb-consume": (0, 15),
        "ttk-consume": (0, 15),
        "report-events": (0, 300),
        "report-revenue": (0, 300),
        "report-demographics": (0, 300),
        "report-funnel": (0, 300),
        "report-dashboard": (0, 300),
        "deadletter": (0, 300),
    }


def test_each_function_runs_the_role_of_its_own_name() -> None:
    for name, spec in read_stack(DEFAULT_STACK).items():
        assert spec.argv == ("python", "-m", "shared.serve", name)


def test_ingest_is_not_given_the_database() -> None:
    assert read_stack(DEFAULT_STACK)["webhook-ingest"].secrets == ("nats-url-ingest",)


def test_the_shipped_file_has_nothing_that_community_edition_refuses() -> None:
    functions = yaml.safe_load(DEFAULT_STACK.read_text())["functions"]
    assert len(functions) <= 15
    for function in functions.values():
        labels = function["labels"]
        assert not labels.keys() & REFUSED_BY_COMMUNITY_EDITION
        assert 1 <= int(labels["com.openfaas.scale.min"]) <= 5
        assert 1 <= int(labels["com.openfaas.scale.max"]) <= 5
        assert all("," not in str(value) for value in function["annotations"].values())


def test_idle_replaces_the_time_of_those_that_scale_to_zero_only() -> None:
    specs = read_stack(DEFAULT_STACK, idle=2)
    assert specs["fb-consume"].idle == 2
    assert specs["report-events"].idle == 2
    assert specs["webhook-ingest"].idle == 15


def test_values_are_read_as_text_or_as_yaml_types(tmp_path: Path) -> None:
    spec = read_stack(
        write(
            tmp_path,
            "    environment: {A: 1, B: true, C: x}\n"
            "    labels: {com.openfaas.scale.min: 2, com.openfaas.scale.max: '3'}\n"
            "    annotations: {hookstream/timeout: 500ms, hookstream/scale-target: 7, other: x}\n",
        )
    )["one"]
    assert spec.environment == {"A": "1", "B": "true", "C": "x"}
    assert (spec.minimum, spec.maximum, spec.target, spec.timeout) == (2, 3, 7, 0.5)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        ("    labels: {com.openfaas.scale.min: many}\n", "functions.one.labels: com.openfaas"),
        ("    labels: {com.openfaas.scale.min: 3, com.openfaas.scale.max: 2}\n", "at least 3"),
        ("    labels: {com.openfaas.scale.max: 0}\n", "functions.one: at least"),
        ("    annotations: {hookstream/scale-taget: 3}\n", "unknown annotation hookstream/scale-t"),
        ("    annotations: {hookstream/scale-target: 0}\n", "functions.one.annotations"),
        ("    annotations: {hookstream/timeout: soon}\n", "'soon' is no duration"),
        ("    secrets: 1\n", "functions"),
        ("    : [\n", "stack.yaml"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, function: str, complaint: str) -> None:
    path = write(tmp_path, function)
    with pytest.raises(StackFileError) as raised:
        read_stack(path)
    assert str(raised.value).startswith(str(path))
    assert complaint in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="does not exist"):
        read_stack(tmp_path / "none.yaml")
