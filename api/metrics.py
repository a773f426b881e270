"""Counters and gauges in the form Prometheus reads. Labels are routes and codes, never ids."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What one process has done since it started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.requests = Counter("ringfence_requests", "Requests answered", ("route", "method", "status"), registry=r)
        self.seconds = Histogram(
            "ringfence_request_seconds", "Time to answer", ("route",), buckets=_BUCKETS, registry=r
        )
        self.faults = Counter("ringfence_faults", "Requests that failed by a fault of ours", registry=r)
        self.decisions = Counter("ringfence_decisions", "Decisions made", ("risk_level", "degraded"), registry=r)
        self.replayed = Counter("ringfence_decisions_replayed", "Retries answered from the record", registry=r)
        self.graph_as_of = Gauge("ringfence_graph_as_of_seconds", "as_of of the served graph, unix time", registry=r)
        self.graph_trouble = Gauge("ringfence_graph_trouble", "1: a newer graph cannot be opened", registry=r)
        self.model_trouble = Gauge("ringfence_model_trouble", "1: a newer model cannot be opened", registry=r)
        self.findings = Gauge("ringfence_findings", "Findings served", ("kind",), registry=r)

    def text(self) -> bytes:
        """All of them in the exposition format."""
        return generate_latest(self.registry)
