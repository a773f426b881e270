"""Shadow scores on record: what a challenger would have said, beside the decision that was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Engine, insert, select

from records.database import reading
from records.tables import decisions, shadow_scores


@dataclass(frozen=True)
class ShadowScore:
    """What a challenger said on the inputs of a decision; ``fault``: a code, where it could not score them.

    ``score`` and ``margin`` are None with a fault. Times in epoch ms.
    """

    decision_id: str
    model_version: str
    model_sha256: str
    margin: float | None
    score: float | None
    risk_level: str | None
    fault: str | None
    created_ts: int


@dataclass(frozen=True)
class SideBySide:
    """A decision and what a challenger said on it."""

    decision_id: str
    merchant_id: str
    champion_version: str
    champion_score: float
    champion_level: str
    shadow: ShadowScore


def save_shadow(connection: Connection, score: ShadowScore) -> None:
    """Put a shadow score on record, in the transaction of its decision."""
    connection.execute(insert(shadow_scores).values(**asdict(score)))


def side_by_side(engine: Engine, model_version: str) -> list[SideBySide]:
    """Every decision on which a challenger was asked, oldest first, with both scores."""
    d, s = decisions.c, shadow_scores.c
    champion = (d.merchant_id, d.model_version.label("champion"), d.score.label("champion_score"), d.risk_level)
    query = (
        select(*(c.label(f"shadow_{c.name}") for c in s), *champion)
        .select_from(shadow_scores.join(decisions, d.decision_id == s.decision_id))
        .where(s.model_version == model_version)
        .order_by(s.created_ts, s.decision_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [
        SideBySide(
            decision_id=row["shadow_decision_id"],
            merchant_id=row["merchant_id"],
            champion_version=row["champion"],
            champion_score=row["champion_score"],
            champion_level=row["risk_level"],
            shadow=ShadowScore(**{c.name: row[f"shadow_{c.name}"] for c in s}),
        )
        for row in rows
    ]


def asked_versions(engine: Engine) -> list[str]:
    """Versions of challengers that have shadow scores on record, the latest asked first."""
    with reading(engine) as connection:
        rows = connection.execute(select(shadow_scores.c.model_version, shadow_scores.c.created_ts)).all()
    newest: dict[str, int] = {}
    for version, ts in rows:
        newest[version] = max(ts, newest.get(version, ts))
    return sorted(newest, key=lambda v: (-newest[v], v))
