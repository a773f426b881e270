"""Rule sets on record: drafts, what came into force, and the one set in force.

The set in force changes by one conditional write of the pointer, in one transaction with its history and its line in
the audit: of two changes made at once from the same set, one wins and the other is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from records.audit import note as audit_note
from records.database import reading
from records.errors import RecordsError
from records.tables import rule_drafts, rule_pointer, rule_publications

State = Literal["open", "approved", "withdrawn"]
How = Literal["shipped", "publish", "rollback"]

NOTHING = 0
"""Number that stands for no publication."""


class RulesChanged(RecordsError):  # noqa: N818 - what happened
    """Someone else changed the draft or the set in force first; nothing was done."""


@dataclass(frozen=True)
class ActiveRules:
    """The set in force: its version, its TOML text, and the number of the publication that brought it."""

    version: str
    text: str
    publication: int = NOTHING


@dataclass(frozen=True)
class Draft:
    """A proposed set. Times in epoch ms; ``dry_run`` is None until it was run, on the set of ``dry_run_base``."""

    draft: int
    version: str
    name: str
    text: str
    note: str
    drafter: str
    drafted_ts: int
    state: State
    dry_run: Mapping[str, Any] | None
    dry_run_ts: int | None
    dry_run_base: int | None
    closed_by: str | None
    closed_ts: int | None


@dataclass(frozen=True)
class Publication:
    """A set that came into force. ``parent``: the publication that a rollback of this one leads to."""

    publication: int
    version: str
    name: str
    text: str
    how: How
    draft: int | None
    parent: int | None
    actor: str
    ts: int


def active(engine: Engine) -> ActiveRules | None:
    """The set in force, or None when none was ever published: then the shipped one is. Cheap; meant to be polled."""
    with reading(engine) as connection:
        found = in_force(connection)
    return None if found is None else ActiveRules(found.version, found.text, found.publication)


def in_force(connection: Connection) -> Publication | None:
    """The publication in force."""
    joined = rule_pointer.join(rule_publications)
    row = connection.execute(select(rule_publications).select_from(joined)).mappings().first()
    return None if row is None else _publication(row)


def history(connection: Connection, limit: int = 100) -> list[Publication]:
    """What came into force, newest first."""
    query = select(rule_publications).order_by(rule_publications.c.publication.desc()).limit(limit)
    return [_publication(row) for row in connection.execute(query).mappings()]


def version_on_record(connection: Connection, version: str) -> Publication | None:
    """The newest publication of a version."""
    query = select(rule_publications).where(rule_publications.c.version == version)
    row = connection.execute(query.order_by(rule_publications.c.publication.desc())).mappings().first()
    return None if row is None else _publication(row)


def drafts(connection: Connection, limit: int = 100) -> list[Draft]:
    """Proposed sets, newest first."""
    query = select(rule_drafts).order_by(rule_drafts.c.draft.desc()).limit(limit)
    return [_draft(row) for row in connection.execute(query).mappings()]


def draft(connection: Connection, number: int) -> Draft | None:
    """A proposed set by its number."""
    row = connection.execute(select(rule_drafts).where(rule_drafts.c.draft == number)).mappings().first()
    return None if row is None else _draft(row)


def add_draft(
    connection: Connection, version: str, name: str, text: str, note: str, drafter: str, now: int, rules: int
) -> int:
    """Put a proposed set on record; its number. ``rules``: how many it has, for the audit."""
    values = {"version": version, "name": name, "text": text, "note": note, "drafter": drafter, "drafted_ts": now}
    key = connection.execute(insert(rule_drafts).values(**values, state="open")).inserted_primary_key
    number = int(cast("Any", key)[0])
    audit_note(connection, drafter, "rules.draft", f"rules:{version}", now, {"draft": number, "rules": rules})
    return number


def keep_dry_run(
    connection: Connection, number: int, report: Mapping[str, Any], base: int, actor: str, now: int
) -> None:
    """Put on record what a draft would have raised beside the publication ``base``. Raises RulesChanged when the
    draft is no longer open."""
    found = _change_open(connection, number, {"dry_run": dict(report), "dry_run_ts": now, "dry_run_base": base})
    audit_note(connection, actor, "rules.dry_run", f"rules:{found.version}", now, {"draft": number, "base": base})


def withdraw(connection: Connection, number: int, actor: str, now: int) -> None:
    """Close a draft that will not come into force. Raises RulesChanged when it is no longer open."""
    found = _change_open(connection, number, {"state": "withdrawn", "closed_by": actor, "closed_ts": now})
    audit_note(connection, actor, "rules.withdraw", f"rules:{found.version}", now, {"draft": number})


def publish(connection: Connection, number: int, base: int, actor: str, now: int) -> Publication:
    """Bring a draft into force in place of the publication ``base``.

    Raises RulesChanged when the draft is no longer open or another set came into force meanwhile: nothing is changed
    then, as long as the caller's transaction ends with the exception.
    """
    found = _change_open(connection, number, {"state": "approved", "closed_by": actor, "closed_ts": now})
    values = {"version": found.version, "name": found.name, "text": found.text, "draft": number}
    made = _add(connection, {**values, "how": "publish", "parent": base or None, "actor": actor, "ts": now})
    _point(connection, base, made)
    details = {"draft": number, "drafter": found.drafter, "publication": made, "instead_of": base}
    audit_note(connection, actor, "rules.publish", f"rules:{found.version}", now, details)
    return _by_number(connection, made)


def start_from(connection: Connection, version: str, name: str, text: str, actor: str, now: int) -> Publication:
    """Put the shipped set on record as the first one in force, so that there is something to go back to. Raises
    RulesChanged when there is one already."""
    values = {"version": version, "name": name, "text": text, "how": "shipped", "actor": actor, "ts": now}
    made = _add(connection, values)
    _point(connection, NOTHING, made)
    return _by_number(connection, made)


def roll_back(connection: Connection, base: int, actor: str, now: int, why: str) -> Publication:
    """Bring back what was in force before the publication ``base``; done again, what was before that.

    Raises RulesChanged when ``base`` is not in force any more, RecordsError when nothing was before it.
    """
    current = _by_number(connection, base)
    if current.parent is None:
        raise RecordsError("nothing was in force before this set")
    back = _by_number(connection, current.parent)
    values = {"version": back.version, "name": back.name, "text": back.text, "draft": back.draft}
    made = _add(connection, {**values, "how": "rollback", "parent": back.parent, "actor": actor, "ts": now})
    _point(connection, base, made)
    details = {"publication": made, "from": current.version, "why": why}
    audit_note(connection, actor, "rules.rollback", f"rules:{back.version}", now, details)
    return _by_number(connection, made)


def _change_open(connection: Connection, number: int, values: Mapping[str, Any]) -> Draft:
    """Change a draft that is open. One conditional write: of two at once, the second finds it closed."""
    still_open = rule_drafts.c.draft == number, rule_drafts.c.state == "open"
    if connection.execute(update(rule_drafts).where(*still_open).values(**values)).rowcount == 0:
        raise RulesChanged(f"draft {number} is not open")
    return cast("Draft", draft(connection, number))


def _add(connection: Connection, values: Mapping[str, Any]) -> int:
    return int(cast("Any", connection.execute(insert(rule_publications).values(**values)).inserted_primary_key)[0])


def _point(connection: Connection, base: int, made: int) -> None:
    """Let the pointer lead to ``made`` if it still leads to ``base``."""
    if base != NOTHING:
        where = rule_pointer.c.slot == 1, rule_pointer.c.publication == base
        if connection.execute(update(rule_pointer).where(*where).values(publication=made)).rowcount == 1:
            return
    else:
        try:
            connection.execute(insert(rule_pointer).values(slot=1, publication=made))
            return
        except IntegrityError:  # the slot is taken
            pass
    raise RulesChanged("another rule set came into force meanwhile")


def _by_number(connection: Connection, number: int) -> Publication:
    query = select(rule_publications).where(rule_publications.c.publication == number)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise RulesChanged("this publication is not on record")
    return _publication(row)


def _publication(row: RowMapping) -> Publication:
    return Publication(**dict(row))


def _draft(row: RowMapping) -> Draft:
    return Draft(**dict(row))
