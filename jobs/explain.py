"""A decision explained to staff: what moved its score, by concept, and the questions that show the evidence."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from jobs.evidence import EvidenceQuestion, questions_for
from jobs.home import Home
from jobs.look import LookError
from jobs.published import NothingPublished, Published
from records import decisions
from records.database import open_records
from scoring.concepts import BY_CODE, is_known
from scoring.reasons import by_concept


@dataclass(frozen=True)
class Explained:
    """``concepts``: log-odds by concept, what spoke most against the merchant first; they sum to margin - expected,
    less the features of an earlier feature set that this program does not know.

    ``questions``: with parameters from the graph as it is published now, ``graph_version``; the decision rests on
    ``decided_on``.
    """

    decision_id: str
    merchant_id: str
    score: float
    risk_level: str
    concepts: Mapping[str, float]
    reasons: Sequence[Mapping[str, Any]]
    questions: Sequence[EvidenceQuestion]
    decided_on: str
    graph_version: str | None

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        shown = [f"Merchant {self.merchant_id}: score {self.score:.3f}, risk {self.risk_level}"]
        for code, moved in self.concepts.items():
            if abs(moved) >= 0.005:
                shown.append(f"  {moved:+.2f}  {BY_CODE[code].en}  {BY_CODE[code].zh}")
        for reason in self.reasons:
            shown += ["", reason["text_en"], reason["text_zh"]]
            for n in reason.get("numbers", ()):
                value, usual = (f"{v:,.4g}" if v is not None else "not known" for v in (n["value"], n["usual"]))
                shown.append(f"  {n['contribution']:+.2f}  {n['feature']}: {value} (usual {usual})")
            for q in self.questions:
                if q.code == reason["code"]:
                    shown.append(f"  {_command(q)}")
        if self.graph_version is not None and self.graph_version != self.decided_on:
            shown += ["", f"Questions are about graph {self.graph_version}; the decision rests on {self.decided_on}."]
        return shown


def explain_decision(home: Home, decision_id: str) -> Explained:
    """Explain a decision that is on record; LookError when it is not. Without a published graph it has no questions."""
    records = open_records(home.records_url)
    try:
        row = decisions.load(records, decision_id)
    finally:
        records.dispose()
    if row is None:
        raise LookError(f"no decision {decision_id!r} is on record")
    reasons = cast("Sequence[Mapping[str, Any]]", row.reasons)
    try:
        version = Published(home.snapshots).current()
    except NothingPublished:
        version = None
    told = [(r["code"], r["concept"], r["feature"]) for r in reasons if "concept" in r]
    return Explained(
        decision_id=row.decision_id,
        merchant_id=row.merchant_id,
        score=row.score,
        risk_level=row.risk_level,
        concepts=by_concept({n: c for n, c in row.contributions.items() if is_known(n)}),
        reasons=reasons,
        questions=questions_for(told, row.merchant_id, version) if version is not None else [],
        decided_on=row.graph_version,
        graph_version=version.version if version is not None else None,
    )


def _command(question: EvidenceQuestion) -> str:
    """The question as it is asked at the command line."""
    params = []
    for name, value in question.params.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        params.append(f"--param {shlex.quote(f'{name}={text}')}")
    return f"ringfence ask {question.name} {' '.join(params)}"
