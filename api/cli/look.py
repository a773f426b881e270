"""Commands for people who look: clusters, ask, export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, answer, fail, home_of, tell

if TYPE_CHECKING:
    from graph.findings.finding import Finding


class Where(StrEnum):
    snapshot = "snapshot"
    store = "store"


class Language(StrEnum):
    en = "en"
    zh = "zh"


def register(app: typer.Typer) -> None:
    for command in (clusters, ask, export):
        app.command()(command)


def clusters(
    context: typer.Context,
    kind: Annotated[str | None, typer.Option(help="shared_device, fake_order_ring, fund_loop, ...")] = None,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="only findings that score at least this")] = 0.0,
    member: Annotated[str | None, typer.Option(help="only findings with this node: Merchant:M000017")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many to show")] = 20,
    language: Annotated[Language, typer.Option(help="en or zh")] = Language.en,
    as_json: Json = False,
) -> None:
    """Suspicious clusters, the worst first, each with a sentence on why."""
    from jobs.look import find_clusters

    page = find_clusters(home_of(context), kind=kind, min_score=min_score, member=member, limit=limit)
    shown = f"{len(page.findings)} of {page.total} findings in version {page.version}"
    lines = [line for f in page.findings for line in _finding(f, language)]
    more = ["", f"{shown}; --limit shows more"] if page.total > len(page.findings) else ["", shown]
    answer(page.to_json(), as_json, [*lines, *more])


def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="name of a question; see --list")] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=value; JSON for lists and numbers")] = None,
    list_: Annotated[bool, typer.Option("--list", help="the catalogue of questions")] = False,
    limit: Annotated[int, typer.Option(min=1, help="how many rows to show (--json gives all)")] = 50,
    timeout: Annotated[float, typer.Option(min=0.1, help="seconds that the answer may take")] = 60.0,
    as_json: Json = False,
) -> None:
    """Ask the graph store a question of the catalogue."""
    from jobs.ask import ask_store, catalogue, parse_params

    if list_ or question is None:
        lines = dict(catalogue())
        answer({"questions": lines}, as_json, [f"{name:34} {doc}" for name, doc in lines.items()])
        return
    rows = ask_store(home_of(context), question, parse_params(question, param or []), timeout)
    from api.cli.output import table

    head = list(rows[0]) if rows else []
    shown = table([list(r.values()) for r in rows[:limit]], head) if rows else []
    cut = [f"{limit} of {len(rows)} rows shown; --limit shows more"] if len(rows) > limit else [f"{len(rows)} rows"]
    answer({"question": question, "rows": rows}, as_json, [*shown, "", *cut])


def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="file to write")],
    cluster: Annotated[str | None, typer.Option(help="id of a finding")] = None,
    merchant: Annotated[str | None, typer.Option(help="id of a merchant")] = None,
    hops: Annotated[int, typer.Option(min=1, max=4, help="how far around the merchant")] = 2,
    format_: Annotated[str, typer.Option("--format", help="graphml, gexf, json or csv (a zip)")] = "graphml",
    max_nodes: Annotated[int, typer.Option(min=1, help="where a neighbourhood stops growing")] = 2000,
    from_: Annotated[
        Where | None, typer.Option("--from", help="the published snapshot, or the store as it is now (with --store)")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a finding or a merchant's neighbourhood as a file for other tools. Personal data are tokens."""
    from jobs.export import export_subgraph

    if (cluster is None) == (merchant is None):
        fail("what_to_export", "give either --cluster ID or --merchant ID")
    from_store = from_ is Where.store or (from_ is None and context.obj["store"] is not None)
    done = export_subgraph(home_of(context), out, format_, cluster, merchant, hops, max_nodes, from_store=from_store)
    where = "store" if from_store else "snapshot"
    if not done["complete"]:
        tell(f"cut off: {done['truncated_why']}")
    answer(done, as_json, [f"{done['nodes']} nodes and {done['edges']} edges written to {out}, from the {where}"])


def _finding(f: Finding, language: str) -> list[str]:
    from graph.findings.verdicts import verdict_of

    cut = "" if f.complete else f"  [cut off: {f.truncated_why}]"
    text = f.text_zh if language == "zh" else f.text_en
    lines = [f"{f.score:5.2f}  {f.kind:17} {f.id}{cut}", f"       {text}"]
    mark = verdict_of(f)
    if mark is not None:
        new = f", {mark['new_members']} members are new since" if mark["new_members"] else ""
        note = f": {mark['note']}" if mark["note"] else ""
        lines.append(f"       [{str(mark['verdict']).replace('_', ' ')}{new}]{note}")
    return lines
