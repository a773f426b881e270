"""``ringfence rules``: what raises alerts, and how that changes: check, facts, draft, dry-run, publish, rollback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from api.cli.output import REFUSED, Json, answer, fail, home_of, moment, now_ms, progress, table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from policy.check import Report
    from policy.dry_run import DryRun
    from policy.publish import PublishError
    from records.rules import Draft, Publication

rules = typer.Typer(help="The rules that raise alerts, and how they change.", no_args_is_help=True)

DAY = 86_400_000


class Kind(StrEnum):
    merchant = "merchant"
    account = "account"
    buyer = "buyer"
    device = "device"


File = Annotated[Path, typer.Argument(help="a rule set in TOML; see docs/rules.md")]
By = Annotated[str, typer.Option(help="who does it: a person's name, kept on record")]
Number = Annotated[int, typer.Argument(help="number of the draft, as in ringfence rules history")]
Note = Annotated[str, typer.Option(help="why, for whoever reads it later; one line, no personal data")]


def register(app: typer.Typer) -> None:
    app.add_typer(rules, name="rules")


@rules.command("check")
def check(
    file: File,
    strict: Annotated[bool, typer.Option(help="as publishing asks for: sentences, measures and tests of all")] = False,
    as_json: Json = False,
) -> None:
    """Read a rule set, run its own tests, and say all that is wrong with it, each with its place."""
    from flow.facts import catalogue
    from policy.check import check as check_text

    report = check_text(_text(file), catalogue(), strict)
    answer({"file": str(file), **_report(report)}, as_json, _report_lines(file, report))
    if not report.ok:
        raise typer.Exit(REFUSED)


@rules.command("facts")
def facts(
    word: Annotated[str | None, typer.Argument(help="only facts whose name has this in it")] = None,
    kind: Annotated[Kind | None, typer.Option(help="only facts of this kind of key")] = None,
    as_json: Json = False,
) -> None:
    """Every fact that a rule may read: name, type, unit, window and meaning, for each kind of key."""
    from dataclasses import asdict

    from flow.facts import catalogue

    found = [
        {"kind": on, **asdict(fact)}
        for on, held in catalogue().items()
        if kind is None or on == kind.value
        for fact in held.values()
        if word is None or word in fact.name
    ]
    columns = ["kind", "name", "type", "unit", "meaning_en"]
    rows = table([[f[c] for c in columns] for f in found], ["on", "fact", "type", "unit", "meaning"])
    answer({"facts": found}, as_json, rows if found else ["no fact is called so"])


@rules.command("draft")
def draft(context: typer.Context, file: File, by: By, note: Note = "", as_json: Json = False) -> None:
    """Propose a rule set. It must pass the strict check; then it is tried with dry-run and approved by someone else."""
    from flow.facts import catalogue
    from policy.publish import PublishError, propose

    text = _text(file)
    with _records(context) as engine:
        try:
            made = propose(engine, text, catalogue(), _actor(by), note, now_ms())
        except PublishError as why:
            if why.report is None:
                _refused(why)
            answer({"file": str(file), **_report(why.report)}, as_json, _report_lines(file, why.report))
            raise typer.Exit(REFUSED) from None
    lines = [f"draft {made.draft}: version {made.version}", f"next: ringfence rules dry-run {made.draft}"]
    answer(_draft(made), as_json, lines)


@rules.command("dry-run")
def dry_run(
    context: typer.Context,
    number: Number,
    from_: Annotated[
        str | None, typer.Option("--from", help="first moment; default: seven days before the end")
    ] = None,
    to: Annotated[str | None, typer.Option(help="end of the stretch; default: the newest event")] = None,
    by: Annotated[str, typer.Option(help="who does it, for the audit")] = "command line",
    as_json: Json = False,
) -> None:
    """Run a draft and the set in force over recorded events: how often each would have fired, and on how many keys."""
    from flow.facts import catalogue
    from jobs.rule_trial import newest, over_the_journal
    from policy.publish import try_out

    journal, now = home_of(context).flow, now_ms()
    end = moment(to)
    if end is None:
        end = (newest(journal) or now) + 1
    start = moment(from_)
    if start is None:
        start = max(0, end - 7 * DAY)
    with _records(context) as engine, _steps():
        fired = over_the_journal(journal, progress)
        found = try_out(engine, number, catalogue(), fired, start, end, _actor(by), now)
    answer({"draft": number, **found.to_json()}, as_json, _dry_run_lines(found))


@rules.command("publish")
def publish(context: typer.Context, number: Number, by: By, as_json: Json = False) -> None:
    """Approve a draft, as someone other than its drafter: from now on it is the set in force, within a second."""
    from flow.facts import catalogue
    from policy.publish import approve

    with _records(context) as engine, _steps():
        made = approve(engine, number, catalogue(), _actor(by), now_ms())
    answer(_publication(made), as_json, [f"in force: version {made.version} (publication {made.publication})"])


@rules.command("withdraw")
def withdraw(context: typer.Context, number: Number, by: By, as_json: Json = False) -> None:
    """Close a draft without publishing it."""
    from policy.publish import withdraw as close

    with _records(context) as engine, _steps():
        closed = close(engine, number, _actor(by), now_ms())
    answer(_draft(closed), as_json, [f"draft {number} is withdrawn"])


@rules.command("rollback")
def rollback(
    context: typer.Context,
    by: By,
    why: Annotated[str, typer.Option(help="why, for whoever reads it later")] = "",
    version: Annotated[str | None, typer.Option(help="go back only if this version is in force")] = None,
    as_json: Json = False,
) -> None:
    """Bring back the set that was in force before, in one step. Once more goes back once more."""
    from policy.publish import roll_back

    with _records(context) as engine, _steps():
        made = roll_back(engine, _actor(by), now_ms(), why, version)
    answer(_publication(made), as_json, [f"in force again: version {made.version} (publication {made.publication})"])


@rules.command("show")
def show(
    context: typer.Context,
    number: Annotated[int | None, typer.Option("--draft", help="a draft in place of the set in force")] = None,
    version: Annotated[str | None, typer.Option(help="a version that was in force once")] = None,
    as_json: Json = False,
) -> None:
    """The set in force, as it was written; or a draft, or an earlier version."""
    from flow.facts import catalogue
    from policy.publish import active_rules
    from records import rules as on_record
    from records.database import reading

    found: Any
    with _records(context) as engine, reading(engine) as connection:
        if number is not None:
            found = on_record.draft(connection, number) if 0 < number < 2**63 else None
        elif version is not None:
            found = on_record.version_on_record(connection, version)
        else:
            found = active_rules(engine, catalogue())
    if found is None:
        fail("not_found", "there is no such draft or version", "ringfence rules history")
    said = _draft(found) if number is not None else {"version": found.version, "publication": found.publication}
    answer({**said, "text": found.text}, as_json, [f"# version {found.version}", found.text.rstrip()])


@rules.command("history")
def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="so many of each, the newest")] = 20,
    as_json: Json = False,
) -> None:
    """What came into force, when and by whom, and the drafts there are."""
    from jobs.decide import iso
    from records import rules as on_record
    from records.database import reading

    with _records(context) as engine, reading(engine) as connection:
        came = on_record.history(connection, limit)
        proposed = on_record.drafts(connection, limit)
    published = table(
        [[p.publication, p.version, p.how, p.draft, p.actor, iso(p.ts)] for p in came],
        ["publication", "version", "how", "draft", "by", "at"],
    )
    drafted = table(
        [[d.draft, d.version, d.state, d.drafter, iso(d.drafted_ts), _tried(d), d.note] for d in proposed],
        ["draft", "version", "state", "by", "at", "dry run", "note"],
    )
    lines = [*(published if came else ["nothing was published: the shipped rules are in force"]), ""]
    lines += drafted if proposed else ["no drafts: ringfence rules draft FILE --by NAME"]
    answer({"publications": [_publication(p) for p in came], "drafts": [_draft(d) for d in proposed]}, as_json, lines)


def _text(file: Path) -> str:
    from policy.ruleset import MAX_CHARACTERS

    with file.open("rb") as opened:
        raw = opened.read(4 * MAX_CHARACTERS + 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as why:
        if why.end == len(raw) > 4 * MAX_CHARACTERS:
            return raw.decode("utf-8", "ignore")
        fail("not_utf8", f"{file}: byte {why.start} is not UTF-8", "save the file as UTF-8")


@contextmanager
def _records(context: typer.Context) -> Iterator[Engine]:
    from records.database import open_records

    engine = open_records(home_of(context).records_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _steps() -> Iterator[None]:
    from policy.publish import PublishError

    try:
        yield
    except PublishError as why:
        _refused(why)


def _refused(why: PublishError) -> NoReturn:
    fail(why.code, str(why))


def _actor(name: str) -> str:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 100 or not plain.isprintable():
        fail("bad_name", "--by is a name of 1 to 100 plain characters")
    return f"user:{plain}"


def _report(report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    said = report.rules
    return {
        "ok": report.ok,
        "version": None if said is None else said.version,
        "rules": 0 if said is None else len(said.rules),
        "tests": report.tests,
        "problems": [asdict(p) for p in report.problems],
        "warnings": [asdict(p) for p in report.warnings],
    }


def _report_lines(file: Path, report: Report) -> list[str]:
    lines = [f"{file}: {p}" for p in report.problems]
    lines += [f"{file}: {p} (to be looked at)" for p in report.warnings]
    if report.rules is None or not report.ok:
        return [*lines, f"{len(report.problems)} problem{'s' if len(report.problems) > 1 else ''}"]
    return [*lines, f"good: {len(report.rules.rules)} rules, {report.tests} tests, version {report.rules.version}"]


def _draft(found: Draft) -> dict[str, Any]:
    from dataclasses import asdict

    return {key: value for key, value in asdict(found).items() if key != "text"}


def _publication(found: Publication) -> dict[str, Any]:
    from dataclasses import asdict

    return {key: value for key, value in asdict(found).items() if key != "text"}


def _tried(found: Draft) -> str:
    return "not yet" if found.dry_run is None else str(found.dry_run["sentence_en"])


def _dry_run_lines(found: DryRun) -> list[str]:
    now = {rule.code: rule for rule in found.current.rules}
    old = {rule.code: rule for rule in found.proposed.rules}
    rows = []
    for code in dict.fromkeys([*old, *now]):
        new_rule, rule = old.get(code), now.get(code)
        said = new_rule or rule
        rows.append(
            [
                code,
                said.on if said else "",
                said.mode if said else "",
                new_rule.times if new_rule else 0,
                new_rule.keys if new_rule else 0,
                rule.times if rule else 0,
                rule.keys if rule else 0,
            ]
        )
    head = ["rule", "on", "mode", "times", "keys", "times now", "keys now"]
    return [*table(rows, head), "", found.sentence_en, found.sentence_zh]
