"""All findings of a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from graph.findings.fake_order_rings import find_fake_order_rings
from graph.findings.finding import Finding, Kind
from graph.findings.fund_loops import LoopParams, find_fund_loops
from graph.findings.guarantee_circles import CircleParams, find_guarantee_circles
from graph.findings.loan_traces import LoanTraceParams, find_loan_traces
from graph.findings.shared_devices import SharedDeviceParams, find_shared_devices
from graph.identity.clusters import identity_clusters
from graph.rings.calibration import NONE, Calibration
from graph.rings.params import RingParams
from graph.snapshot import Snapshot

Report = Callable[[Kind, int, int], None]
"""Called after each kind: the kind, how many were found, how many of those a limit cut."""


@dataclass(frozen=True)
class MiningParams:
    """The parameters of each finder."""

    shared_devices: SharedDeviceParams = field(default_factory=SharedDeviceParams)
    fake_order_rings: RingParams = field(default_factory=RingParams)
    ring_scores: Calibration = NONE
    fund_loops: LoopParams = field(default_factory=LoopParams)
    guarantee_circles: CircleParams = field(default_factory=CircleParams)
    loan_traces: LoanTraceParams = field(default_factory=LoanTraceParams)


def mine_findings(
    snapshot: Snapshot,
    params: MiningParams = MiningParams(),
    report: Report | None = None,
) -> list[Finding]:
    """Findings of every kind, sorted by kind, then the highest score, then id."""
    hands = identity_clusters(snapshot, params.shared_devices.hub, params.shared_devices.told)
    finders: dict[Kind, Callable[[], list[Finding]]] = {
        "shared_device": lambda: find_shared_devices(snapshot, params.shared_devices, hands),
        "fake_order_ring": lambda: find_fake_order_rings(snapshot, params.fake_order_rings, params.ring_scores, hands),
        "fund_loop": lambda: find_fund_loops(snapshot, params.fund_loops),
        "guarantee_circle": lambda: find_guarantee_circles(snapshot, params.guarantee_circles),
        "loan_trace": lambda: find_loan_traces(snapshot, params.loan_traces),
    }
    findings: list[Finding] = []
    for kind, find in finders.items():
        found = find()
        findings += found
        if report is not None:
            report(kind, len(found), sum(not f.complete for f in found))
    return sorted(findings, key=lambda f: (f.kind, -f.score, f.id))
