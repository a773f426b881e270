"""How a rule set comes into force: drafted, checked, run over recent events, approved by a second person, and taken
back in one step. Each step is on record with who took it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from policy.check import Report, check
from policy.dry_run import DryRun, WouldHaveFired, dry_run
from policy.language import FactType
from policy.ruleset import RuleSet, read
from records import rules as on_record
from records.database import reading
from records.keys import list_keys
from records.rules import ActiveRules, Draft, Publication, RulesChanged

SHIPPED = Path(__file__).parent / "rules.toml"
"""The rules of the practice: in force until others are published."""

MAX_NOTE = 500

_VERSIONS: dict[str, str] = {}  # of shipped texts: services ask every second what is in force

Facts = Mapping[str, Mapping[str, FactType]]


class PublishError(Exception):
    """A step on the way into force is refused. ``code`` is stable; the message says what to do."""

    def __init__(self, code: str, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.report = report


def active_rules(engine: Engine, facts: Facts) -> ActiveRules:
    """The set in force: the one published last, else the shipped one (publication 0)."""
    found = on_record.active(engine)
    if found is not None:
        return found
    text = SHIPPED.read_text("utf-8")
    if text not in _VERSIONS:
        _VERSIONS[text] = read(text, facts).version
    return ActiveRules(_VERSIONS[text], text)


def propose(engine: Engine, text: str, facts: Facts, drafter: str, note: str, now: int) -> Draft:
    """Put a proposed set on record, if it passes the strict check.

    Raises PublishError: check_failed (with the report), unchanged (it is what is in force), bad_note.
    """
    _note(note)
    rules = _checked(text, facts)
    if active_rules(engine, facts).version == rules.version:
        raise PublishError("unchanged", f"version {rules.version} is in force already")
    with engine.begin() as connection:
        count = len(rules.rules)
        number = on_record.add_draft(connection, rules.version, rules.name, text, note, drafter, now, count)
        return _draft(connection, number)


def try_out(
    engine: Engine, number: int, facts: Facts, fired: WouldHaveFired, from_ts: int, to_ts: int, actor: str, now: int
) -> DryRun:
    """Run a draft and the set in force over the recorded events of a stretch of time, and keep what came out.

    Raises PublishError: no_draft, draft_closed, bad_stretch.
    """
    if not from_ts < to_ts:
        raise PublishError("bad_stretch", "the stretch of time ends before it begins")
    with reading(engine) as connection:
        draft = _open(_draft(connection, number))
    current = active_rules(engine, facts)
    found = dry_run(read(draft.text, facts), read(current.text, facts), fired, from_ts, to_ts)
    with _one_wins(), engine.begin() as connection:
        on_record.keep_dry_run(connection, number, found.to_json(), current.publication, actor, now)
    return found


def approve(
    engine: Engine, number: int, facts: Facts, approver: str, now: int, version: str | None = None
) -> Publication:
    """Bring a draft into force, said by someone other than its drafter. From its commit on it is the set in force.

    ``version``: what the approver has read. Raises PublishError: no_draft, other_version, draft_closed, same_person,
    not_tried (no dry run), stale (the set in force changed since the dry run), check_failed (the program changed since
    it was drafted), changed_meanwhile (someone was first).
    """
    with reading(engine) as connection:
        draft = _open(_draft(connection, number))
        alone = _person(connection, draft.drafter) == _person(connection, approver)
    if version is not None and version != draft.version:
        raise PublishError("other_version", f"draft {number} is version {draft.version}")
    if alone:
        raise PublishError("same_person", f"draft {number} is yours: someone else approves it")
    if draft.dry_run is None or draft.dry_run_base is None:
        raise PublishError("not_tried", f"draft {number} has no dry run: ringfence rules dry-run {number}")
    current = active_rules(engine, facts)
    if draft.dry_run_base != current.publication:
        raise PublishError("stale", f"the set in force changed since the dry run: ringfence rules dry-run {number}")
    _checked(draft.text, facts)
    with _one_wins(), engine.begin() as connection:
        base = current.publication
        if base == on_record.NOTHING:
            name = read(current.text, facts).name
            base = on_record.start_from(connection, current.version, name, current.text, "ringfence", now).publication
        return on_record.publish(connection, number, base, approver, now)


def withdraw(engine: Engine, number: int, actor: str, now: int) -> Draft:
    """Close a draft without publishing it. Raises PublishError: no_draft, draft_closed."""
    with reading(engine) as connection:
        _open(_draft(connection, number))
    with _one_wins(), engine.begin() as connection:
        on_record.withdraw(connection, number, actor, now)
        return _draft(connection, number)


def roll_back(engine: Engine, actor: str, now: int, why: str = "", version: str | None = None) -> Publication:
    """Bring back what was in force before, in one step, by one person: it was approved once already.

    ``version``: what the caller believes is in force, so that a step taken twice goes back once. Raises PublishError:
    nothing_before, not_in_force, changed_meanwhile, bad_note.
    """
    _note(why)
    with reading(engine) as connection:
        current = on_record.in_force(connection)
    if version is not None and (current is None or current.version != version):
        raise PublishError("not_in_force", f"version {version[:16]} is not in force: ringfence rules show")
    if current is None or current.parent is None:
        raise PublishError("nothing_before", "nothing was in force before this set")
    with _one_wins(), engine.begin() as connection:
        return on_record.roll_back(connection, current.publication, actor, now, why)


def _person(connection: Connection, actor: str) -> str:
    """Who stands behind an actor, whatever capitals and widths the name is written in. A key stands for whoever it was
    made for, so two keys of one person are one person, at the command line too."""
    kind, _, name = actor.partition(":")
    if kind.strip() == "key":
        name = next((key.name for key in list_keys(connection) if key.key_id == name), actor)
    return " ".join(unicodedata.normalize("NFKC", name or actor).casefold().split())


@contextmanager
def _one_wins() -> Iterator[None]:
    try:
        yield
    except RulesChanged as why:
        raise PublishError("changed_meanwhile", f"{why}: look at ringfence rules show, and try again") from None


def _note(note: str) -> None:
    if len(note) > MAX_NOTE or not all(c.isprintable() for c in note):
        raise PublishError("bad_note", f"a note has up to {MAX_NOTE} characters on one line")


def _checked(text: str, facts: Facts) -> RuleSet:
    report = check(text, facts, strict=True)
    if report.rules is None or not report.ok:
        first = f": {report.problems[0]}" if report.problems else ""
        message = f"the set does not pass its check ({len(report.problems)} problems){first}"
        raise PublishError("check_failed", message, report)
    return report.rules


def _draft(connection: Connection, number: int) -> Draft:
    found = on_record.draft(connection, number) if 0 < number < 2**63 else None
    if found is None:
        raise PublishError("no_draft", f"there is no draft {number}: ringfence rules history")
    return found


def _open(draft: Draft) -> Draft:
    if draft.state != "open":
        raise PublishError("draft_closed", f"draft {draft.draft} was {draft.state}")
    return draft
