"""How Prometheus is started beside a stack."""

from pathlib import Path

import msgspec
import pytest

from infra.local import monitoring
from infra.local.monitoring import configuration, prometheus_binary, prometheus_server
from infra.local.ports import PortBook
from infra.local.programs import ServerFailedError


def test_what_to_do_without_prometheus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerFailedError, match="apt-get install prometheus"):
        prometheus_binary()


def test_it_listens_here_alone_and_keeps_a_bounded_past(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(monitoring, "prometheus_binary", lambda: Path("/usr/bin/prometheus"))
    server = prometheus_server(tmp_path, PortBook(tmp_path / "ports.json"), 8080)
    line = " ".join(server.program.argv)
    assert f"--web.listen-address=127.0.0.1:{server.url.rpartition(':')[2]}" in line
    assert "--storage.tsdb.retention.time=" in line
    assert "--storage.tsdb.retention.size=" in line
    targets = msgspec.json.decode((tmp_path / "prometheus" / "targets.json").read_bytes())
    assert targets == [{"targets": ["127.0.0.1:8080"]}]


def test_its_configuration_is_the_shipped_one_with_whole_paths() -> None:
    document = msgspec.yaml.decode(configuration(Path("/state/targets.json")))
    assert all(Path(path).is_file() for path in document["rule_files"])
    [job] = document["scrape_configs"]
    assert job["file_sd_configs"][0]["files"] == ["/state/targets.json"]
