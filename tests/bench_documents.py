"""What `hookstream bench bulk --json` prints, as far as costs are read from it."""

SPENT = {
    "postgres": 9.0,
    "webhook-ingest": 4.0,
    "fb-consume": 3.5,
    "ttk-consume": 3.0,
    "nats": 1.5,
    "connector": 1.25,
    "gateway": 0.75,
    "bench (load generator)": 0.5,
    "report-events": 0.25,
    "supervisor": 0.25,
}


def document(spent: dict[str, float]) -> dict[str, object]:
    processes = [
        {"name": name, "cpuSeconds": 1.0, "cpuSecondsPerMillion": each}
        for name, each in spent.items()
    ]
    return {"scenarios": [{"scenario": "bulk", "runs": [{"processes": processes}]}]}
