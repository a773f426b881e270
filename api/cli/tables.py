"""Commands that work on any table of your own, with nothing set up: loops, circles, rings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import REFUSED, Json, answer, fail


class Unit(StrEnum):
    s = "s"
    ms = "ms"
    us = "us"


class Ties(StrEnum):
    strict = "strict"
    order = "order"


class Attribution(StrEnum):
    fifo = "fifo"
    homeward = "homeward"


File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV (with a header) or Parquet")]
TimeUnit = Annotated[Unit, typer.Option(help="of times given as numbers")]


def register(app: typer.Typer) -> None:
    for command in (loops, circles, rings):
        app.command()(command)


def loops(
    file: File,
    out: Annotated[Path | None, typer.Option(help="Parquet to write: a row per step of each loop")] = None,
    src: Annotated[str, typer.Option(help="column of the payer")] = "src",
    dst: Annotated[str, typer.Option(help="column of the payee")] = "dst",
    ts: Annotated[str, typer.Option(help="column of the time")] = "ts",
    amount: Annotated[str, typer.Option(help="column of the amount")] = "amount",
    id_: Annotated[str | None, typer.Option("--id", help="column of row ids to carry along")] = None,
    time_unit: TimeUnit = Unit.ms,
    window: Annotated[str, typer.Option(help="last minus first, at most: 72h, 90m, 30d")] = "72h",
    max_length: Annotated[int, typer.Option(min=2, max=64, help="longest loop")] = 10,
    decay: Annotated[float | None, typer.Option(min=0, max=1, help="each step at least 1-decay of the last")] = None,
    growth: Annotated[float, typer.Option(min=0, help="and at most (1 + growth); with --decay")] = 0.0,
    ties: Annotated[Ties, typer.Option(help="equal times: refuse, or follow in the order of rows")] = Ties.strict,
    degree_cap: Annotated[int, typer.Option(min=0, help="do not search through busier accounts; 0: no cap")] = 0,
    budget: Annotated[int, typer.Option(min=1, max=1 << 24, help="work per transfer at most")] = 1 << 16,
    max_loops: Annotated[int, typer.Option(min=1, help="stop after about so many loops")] = 2_000_000,
    flows: Annotated[
        bool, typer.Option("--flows", help="how much of what leaves an account comes back, split or merged on the way")
    ] = False,
    attribution: Annotated[
        Attribution, typer.Option(help="with --flows: whose money an account sends: the oldest, or what leads home")
    ] = Attribution.fifo,
    as_json: Json = False,
) -> None:
    """Every fund loop of a transfer table; with --flows, how much of what leaves an account comes back to it."""
    from graph.loops.table import LoopTableOptions
    from jobs.loops_file import run_loops

    if flows and decay is not None:
        fail("flows_and_decay", "--flows follows amounts themselves: leave out --decay")
    options = LoopTableOptions(
        src=src,
        dst=dst,
        ts=ts,
        amount=amount,
        id=id_,
        time_unit=time_unit.value,
        window=window,
        max_length=max_length,
        decay=decay,
        growth=growth,
        ties=ties.value,
        attribution=attribution.value,
        degree_cap=degree_cap,
        budget=budget,
        max_loops=max_loops,
    )
    _show(run_loops(file, out, options, flows), out, as_json)


def circles(
    file: File,
    out: Annotated[Path | None, typer.Option(help="Parquet to write: a row per member of each circle")] = None,
    src: Annotated[str, typer.Option(help="column of the guarantor")] = "src",
    dst: Annotated[str, typer.Option(help="column of the debtor")] = "dst",
    amount: Annotated[str, typer.Option(help="column of the amount")] = "amount",
    max_length: Annotated[int, typer.Option(min=2, help="longest circle")] = 8,
    max_circles: Annotated[int, typer.Option(min=1, help="circles listed at most")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Every guarantee circle of a table of guarantees."""
    from jobs.circles_file import CirclesFileOptions, run_circles

    options = CirclesFileOptions(src, dst, amount, max_length, max_circles)
    _show(run_circles(file, out, options), out, as_json)


def rings(
    file: File,
    out: Annotated[Path | None, typer.Option(help="Parquet to write: a row per member of each ring")] = None,
    summary_out: Annotated[Path | None, typer.Option(help="Parquet to write: a row per ring")] = None,
    order: Annotated[str, typer.Option(help="column of the order id")] = "order_id",
    buyer: Annotated[str, typer.Option(help="column of the buyer")] = "buyer_id",
    merchant: Annotated[str, typer.Option(help="column of the shop")] = "merchant_id",
    ts: Annotated[str, typer.Option(help="column of the time")] = "ts",
    device: Annotated[str | None, typer.Option(help="column of the device")] = None,
    address: Annotated[str | None, typer.Option(help="column of the delivery address")] = None,
    phone: Annotated[str | None, typer.Option(help="column of the phone")] = None,
    waybill: Annotated[str | None, typer.Option(help="column of the waybill")] = None,
    weight: Annotated[str | None, typer.Option(help="column of the parcel's weight in grams")] = None,
    shipped: Annotated[str | None, typer.Option(help="column of the time of pick-up")] = None,
    signed: Annotated[str | None, typer.Option(help="column of the time of signature")] = None,
    refunded: Annotated[str | None, typer.Option(help="column: refunded by way of the platform")] = None,
    paid_back: Annotated[str | None, typer.Option(help="column: paid back by the shop or its people")] = None,
    amount: Annotated[str | None, typer.Option(help="column of the amount")] = None,
    time_unit: TimeUnit = Unit.ms,
    burst: Annotated[str | None, typer.Option(help="find the peaks of orders a buyer in windows this long: 1h")] = None,
    burst_ratio: Annotated[float, typer.Option(help="list peaks of at least so many orders a buyer")] = 3.0,
    burst_out: Annotated[Path | None, typer.Option(help="Parquet to write: a row per shop that peaks")] = None,
    utc_offset: Annotated[int, typer.Option(min=-12, max=14, help="hours; for what counts as night")] = 8,
    labels: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="shops of which one knows: merchant, label 0 or 1")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fake-order rings and coordinated groups of an order table."""
    from graph.rings.table import OrderColumns
    from jobs.rings_file import RingsFileOptions, run_rings

    columns = OrderColumns(
        order,
        buyer,
        merchant,
        ts,
        device,
        address,
        phone,
        waybill,
        weight,
        shipped,
        signed,
        refunded,
        paid_back,
        amount,
    )
    options = RingsFileOptions(columns, time_unit.value, summary_out, burst, burst_ratio, burst_out, utc_offset, labels)
    _show(run_rings(file, out, options), out, as_json)


def _show(summary: dict[str, object], out: Path | None, as_json: bool) -> None:
    lines = [f"{name.replace('_', ' '):20} {value}" for name, value in summary.items() if value not in (None, {})]
    answer(summary, as_json, [*lines, *([f"written to {out}"] if out else ["--out FILE writes them"])])
    if _short(summary):
        raise typer.Exit(REFUSED)


def _short(summary: dict[str, object]) -> bool:
    """Whether rows were left out or a search was cut: the answer may not be the whole one."""
    cut = summary.get("truncated", 0)
    counts = cut.values() if isinstance(cut, dict) else [cut]
    return any(counts) or bool(summary.get("rows_left_out")) or summary.get("complete") is False
