"""What the flow has done, for Prometheus, whether it runs here or not: the accounting of events always adds up."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.flow_live import LiveFlow


class FlowCollector(Collector):
    """Reads the state of the flow when it is asked for.

    Always received = stored + duplicate + rejected + conflict, and stored = processed + waiting.
    """

    def __init__(self, live: LiveFlow) -> None:
        self._live = live

    def collect(self) -> Iterable[Metric]:
        """Every figure of the flow; all zero before the first event."""
        flow, graph = self._live.running, self._live.graph
        state = None if flow is None else flow.state()
        counts = None if state is None else state.counts
        for name, said in (
            ("received", "Lines of events received"),
            ("stored", "Events stored in the journal"),
            ("duplicate", "Events that were stored already"),
            ("rejected", "Lines refused or set aside"),
            ("conflict", "Events with the id of another"),
        ):
            yield CounterMetricFamily(f"ringfence_flow_{name}", said, getattr(counts, name, 0))
        processed, late = (0, 0) if state is None else (state.processed, state.late)
        yield CounterMetricFamily("ringfence_flow_processed", "Stored events that are judged", processed)
        yield CounterMetricFamily("ringfence_flow_late", "Of these, later than the lateness bound", late)
        waiting, held, unsettled = (0, 0, 0) if state is None else (state.waiting, state.held_back, state.unsettled)
        yield GaugeMetricFamily("ringfence_flow_waiting", "Stored events that are not judged yet", waiting)
        yield GaugeMetricFamily("ringfence_flow_held_back", "Alerts that wait for the records", held)
        yield GaugeMetricFamily("ringfence_flow_unsettled", "Provisional alerts to be settled", unsettled)
        stuck = int(self._live.away is not None or (state is not None and state.trouble is not None))
        yield GaugeMetricFamily("ringfence_flow_trouble", "1: events are not judged just now", stuck)
        missing = GaugeMetricFamily("ringfence_flow_missing", "1: alerts have to do without it", labels=["part"])
        for part in () if state is None else state.missing:
            missing.add_metric([part], 1)
        yield missing
        lag = 0 if graph is None else graph.lag_ms()
        yield GaugeMetricFamily("ringfence_graph_lag_ms", "How long the oldest event not in the graph waits", lag)
