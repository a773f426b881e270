"""A person's verdict on a finding: on record, a guard against raising it again, and a label where it is confirmed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from graph.findings.finding import Finding
from graph.findings.verdicts import Word
from graph.model import landing_schemas
from ingest.delivery import Delivery, IntakeOptions
from ingest.intake import take
from ingest.pseudonym import Pseudonymiser, load_or_create_key
from ingest.sources.labels import LABELS
from jobs.home import Home
from jobs.look import all_findings, cluster
from landing.tables import Landing, View
from records.database import open_records
from records.verdicts import save_verdict, verdicts_on


class VerdictError(Exception):
    """The verdict is on record, but its labels could not be stored."""


CONFIRMED_BY = "investigation"
WITHDRAWN_BY = "investigation, withdrawn"


@dataclass(frozen=True)
class Given:
    """What a verdict did. ``labels``: applications of the finding's shops that got a label, by id."""

    finding_id: str
    verdict: Word
    note: str
    labels: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def give_verdict(home: Home, finding_id: str, word: Word, note: str, now: int, actor: str) -> Given:
    """Put a verdict on a published finding on record.

    ``confirmed``: every application of a shop among the members gets the label ``true`` through the labels feed, known
    from ``now`` on. ``false_alarm``: nothing is labelled, for no fraud here says nothing about the loan; labels that an
    earlier verdict on this finding gave are corrected to what other sources say, ``false`` where none does. Saying the
    same again labels nothing twice. Raises jobs.look.LookError when there is no such finding, VerdictError when labels
    were refused.
    """
    finding = cluster(home, finding_id)
    version = all_findings(home)[0]
    with open_records(home.records_url).begin() as connection:
        earlier = [j.verdict.word for j in verdicts_on(connection, finding_id)]
        save_verdict(connection, finding, word, note, version, actor, now)
    labelled: tuple[str, ...] = ()
    if word == "confirmed" or "confirmed" in earlier:
        labelled = _label(home, finding, word == "confirmed", now)
    return Given(finding_id, word, note, labelled)


def _label(home: Home, finding: Finding, fraud: bool, now: int) -> tuple[str, ...]:
    landing = Landing(home.landing, landing_schemas())
    view = landing.view()
    shops = set(finding.of_kind("Merchant"))
    asked = view.newest("application").select(["id", "merchant_id"]).to_pylist()
    rows = sorted((str(a["id"]), str(a["merchant_id"])) for a in asked if a["merchant_id"] in shops)
    if not rows:
        return ()
    others = {} if fraud else _said_by_others(view, finding.id)
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now)).isoformat(timespec="milliseconds")
    table = pa.table(
        {
            "label_id": [f"{finding.id}:{application}" for application, _ in rows],
            "merchant_id": [merchant for _, merchant in rows],
            "application_id": [application for application, _ in rows],
            "label": ["true" if fraud or others.get(application, False) else "false" for application, _ in rows],
            "label_source": [CONFIRMED_BY if fraud else WITHDRAWN_BY] * len(rows),
            "decided_at": [at] * len(rows),
            "known_at": [at] * len(rows),
        }
    )
    digest = hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()
    delivery = Delivery(LABELS, f"verdict on {finding.id}", digest, lambda: [table], first_line=1)
    tokens = Pseudonymiser(load_or_create_key(home.pseudonym_key, lambda _: None))
    report = take(delivery, landing, tokens, home.rejects, IntakeOptions(now_ms=now))
    if not report.ok:
        raise VerdictError(f"labels of {finding.id} were not taken: {report.refused_why or dict(report.codes)}")
    return tuple(application for application, _ in rows)


def _said_by_others(view: View, finding_id: str) -> dict[str, bool]:
    """The newest label of each application that does not come from this finding."""
    labels = view.newest("label").select(["id", "application_id", "label", "known_ts"]).to_pylist()
    own = f"{finding_id}:"
    known = sorted((r for r in labels if not r["id"].startswith(own)), key=lambda r: (r["known_ts"], r["id"]))
    return {r["application_id"]: bool(r["label"]) for r in known}
