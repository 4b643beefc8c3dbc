"""The renderer, against kubectl's where that is installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from deploy.kustomize import Document, KustomizeError, identity, render
from deploy.manifests import KUSTOMIZATIONS

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {LEVEL: INFO}\n"
WRONG = "[{op: replace, path: /data/LEVLE, value: x}]"
HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def ordered(documents: list[Document]) -> list[str]:
    return [json.dumps(doc, sort_keys=True) for doc in sorted(documents, key=identity)]


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_renders_what_kubectl_renders(name: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: the renderer is not compared with it")
    command = [kubectl, "kustomize", str(KUSTOMIZATIONS[name])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = [doc for doc in yaml.safe_load_all(done.stdout) if doc]
    assert ordered(render(KUSTOMIZATIONS[name])) == ordered(theirs)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("resources: [a.yaml]\ncommonLabels: {}\n", "unknown field commonLabels"),
        ("resources: [a.yaml, a.yaml]\n", "is there twice"),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap, name: set}, patch: '[]'}]\n",
            "no resource is",
        ),
        (
            f"resources: [a.yaml]\npatches: [{{target: {{kind: ConfigMap}}, patch: '{WRONG}'}}]\n",
            "cannot replace /data/LEVLE",
        ),
        ("resources: [a.yaml]\nimages: [{name: x, newName: y, newTag: z}]\n", "no container has"),
    ],
)
def test_refuses_what_would_do_nothing(rest: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MAP)
    (tmp_path / "kustomization.yaml").write_text(HEAD + rest)
    with pytest.raises(KustomizeError, match=reason):
        render(tmp_path)
