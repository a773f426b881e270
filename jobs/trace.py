"""``ringfence trace LOAN``: where a loan's money went, from the published snapshot."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from graph.findings.loan_report import LoanReport, not_followed, report_loan
from graph.proceeds.finbench import FinBenchRule, finbench_trace
from graph.proceeds.tracer import TraceRule
from graph.snapshot import Snapshot
from graph.snapshot_files import current_version, open_snapshot
from jobs.home import Home
from jobs.look import LookError


@dataclass(frozen=True)
class Traced:
    """The loan's money by currency. ``left_out``: disbursements without a time, an amount or a currency."""

    loan: str
    version: str
    as_of: int
    attribution: str
    max_hops: int
    horizon_ms: int
    reports: list[LoanReport]
    left_out: int

    @property
    def complete(self) -> bool:
        return self.left_out == 0 and all(r.complete for r in self.reports)

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "complete": self.complete}


def trace(home: Home, loan: str, rule: TraceRule) -> Traced:
    """Follow the money of a loan. LookError when nothing is published, or it has no such loan."""
    version, snapshot, number = _loan(home, loan)
    reports = report_loan(snapshot, number, rule)
    left_out = not_followed(snapshot, number)
    return Traced(loan, version, snapshot.as_of, rule.attribution, rule.max_hops, rule.horizon_ms, reports, left_out)


def finbench(home: Home, loan: str, rule: FinBenchRule) -> dict[str, object]:
    """FinBench's complex read 8 for a loan: its rows, and how many accounts were truncated."""
    version, snapshot, number = _loan(home, loan)
    try:
        answer = finbench_trace(snapshot, number, rule)
    except ValueError as e:
        raise LookError(str(e)) from e
    return {"loan": loan, "version": version, "rule": asdict(rule), **asdict(answer)}


def _loan(home: Home, loan: str) -> tuple[str, Snapshot, int]:
    version = current_version(home.snapshots)
    if version is None:
        raise LookError("nothing is published yet: run `ringfence refresh`")
    snapshot = open_snapshot(home.snapshots / version)
    number = snapshot.nodes["Loan"].number(loan)
    if number is None:
        raise LookError(f"no loan has the id {loan!r} in version {version}")
    return version, snapshot, number
