"""The command that follows a loan's money."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import REFUSED, Json, answer, fail, home_of, moment, table

if TYPE_CHECKING:
    from graph.findings.loan_report import LoanReport, Part
    from jobs.trace import Traced


class Attribution(StrEnum):
    fifo = "fifo"
    proportional = "proportional"


class Order(StrEnum):
    asc = "asc"
    desc = "desc"


class Upstream(StrEnum):
    account = "account"
    edge = "edge"


def register(app: typer.Typer) -> None:
    app.command()(trace)


def trace(
    context: typer.Context,
    loan: Annotated[str, typer.Argument(help="id of a loan")],
    attribution: Annotated[Attribution, typer.Option(help="whose money leaves first")] = Attribution.fifo,
    max_hops: Annotated[int, typer.Option(min=1, max=16, help="how far the money is followed")] = 4,
    days: Annotated[int, typer.Option(min=1, help="how long after each disbursement")] = 30,
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
    limit: Annotated[int, typer.Option(min=1, help="movements shown a disbursement (--json gives all)")] = 30,
    finbench: Annotated[bool, typer.Option("--finbench", help="LDBC FinBench's complex read 8 instead")] = False,
    start: Annotated[str | None, typer.Option(help="with --finbench: after this time")] = None,
    end: Annotated[str | None, typer.Option(help="with --finbench: before this time")] = None,
    threshold: Annotated[float, typer.Option(min=0, help="with --finbench: amount over the upstream's")] = 0.0,
    truncation_limit: Annotated[int, typer.Option(min=0, help="with --finbench: edges a step; 0: all")] = 0,
    truncation_order: Annotated[Order, typer.Option(help="with --finbench: by time")] = Order.desc,
    upstream: Annotated[Upstream, typer.Option(help="with --finbench: what an amount is over")] = Upstream.account,
    as_json: Json = False,
) -> None:
    """Where a loan's money went: every disbursement hop by hop, every cent in one place."""
    from graph.proceeds.finbench import FinBenchRule
    from graph.proceeds.tracer import TraceRule
    from jobs import trace as job

    if finbench:
        after, before = moment(start), moment(end)
        if after is None or before is None or after >= before:
            fail("no_window", "--finbench needs --start and --end, the first before the last")
        rule = FinBenchRule(after, before, threshold, truncation_limit, truncation_order.value, upstream.value)
        found = job.finbench(home_of(context), loan, rule)
        rows = [[r["account"], r["ratio"], r["distance"]] for r in found["rows"]]  # type: ignore[attr-defined]  # a list
        answer(found, as_json, [*table(rows, ("account", "ratio", "distance")), "", f"{len(rows)} accounts"])
        return
    traced = job.trace(
        home_of(context), loan, TraceRule(attribution.value, max_hops=max_hops, horizon_ms=days * 86_400_000)
    )
    answer(traced.to_json(), as_json, _lines(traced, language, limit))
    if traced.left_out:
        raise typer.Exit(REFUSED)


def _lines(traced: Traced, language: str, limit: int) -> list[str]:
    lines = []
    for report in traced.reports:
        lines += [report.text_zh if language == "zh" else report.text_en, "", *_places(report), ""]
        for part in report.parts:
            lines += [*_part(part, report.currency, language, limit), ""]
    if not traced.reports:
        lines.append(f"nothing was paid out for loan {traced.loan} that can be followed")
    if traced.left_out:
        lines.append(f"left out: {traced.left_out} disbursements without a time, an amount or a currency")
    return [*lines, f"attribution {traced.attribution}, at most {traced.max_hops} hops, version {traced.version}"]


def _places(report: LoanReport) -> list[str]:
    rows = [[p.replace("_", " "), _cash(a, report.currency), report.shares[p]] for p, a in report.places.items() if a]
    return table(rows, ("place", "amount", "share"))


def _part(part: Part, currency: str, language: str, limit: int) -> list[str]:
    when = datetime.fromtimestamp(part.ts / 1000, UTC).isoformat(timespec="seconds")
    head = f"{part.edge.id}, {when}: {part.text_zh if language == 'zh' else part.text_en}"
    rows = [
        [
            f"{f.hop}",
            f"{f.after_ms / 86_400_000:.1f}",
            f.edge.src,
            f.edge.dst,
            _cash(f.amount, currency),
            f.share,
            f.place or "",
        ]
        for f in part.flows[:limit]
    ]
    more = [f"{len(part.flows) - limit} more movements; --limit shows more"] if len(part.flows) > limit else []
    cut = [] if part.complete else [f"[cut off: {part.truncated_why}]"]
    held = [f"  {_cash(h.amount, currency)} still lies on Account:{h.account} ({h.holder})" for h in part.held[:limit]]
    return [head, *cut, *table(rows, ("hop", "days", "from", "to", "of it", "share", "ends with")), *more, *held]


def _cash(amount: int, currency: str) -> str:
    from graph.currencies import DECIMALS

    digits = DECIMALS.get(currency, 2)
    return f"{amount / 10**digits:,.{digits}f} {currency}"
