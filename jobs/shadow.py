"""Champion and challenger side by side, on the decisions that both scored."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np

from graph.model import landing_schemas
from graph.snapshot import Float64
from jobs.home import Home
from landing.tables import Landing
from policy.rating import LEVELS
from records.database import open_records
from records.decisions import applications_of
from records.shadow import SideBySide, asked_versions, side_by_side
from scoring.measures import auc, average_precision, brier
from scoring.registry import RegistryError, shadow

FEW = 5
"""Known outcomes of each class below which no figure of them is given."""


@dataclass(frozen=True)
class Compared:
    """What a challenger said beside its champions.

    ``faults``: decisions it could not score, by code. ``moved``: share of the scored decisions whose risk level it
    would change; ``levels``: "champion > challenger" and how many. ``difference``: of the scores, challenger less
    champion. ``outcomes``: figures of both on decisions whose outcome is known by now; None where there are too few.
    """

    version: str
    champions: dict[str, int]
    decisions: int
    scored: int
    faults: dict[str, int]
    moved: float | None
    levels: dict[str, int]
    difference: dict[str, float] | None
    correlation: float | None
    known_outcomes: int
    outcomes: dict[str, dict[str, float]] | None

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        shown = [
            f"challenger {self.version}: {self.decisions} decisions beside "
            + (", ".join(f"{v} ({n})" for v, n in self.champions.items()) or "none yet"),
            *(f"  could not score {n}: {code}" for code, n in self.faults.items()),
        ]
        if self.difference is not None:
            d = self.difference
            shown.append(
                f"  score less the champion's: mean {d['mean']:+.4f}, middle {d['median']:+.4f}, "
                f"5 % to 95 % {d['p05']:+.4f} to {d['p95']:+.4f}"
            )
        if self.correlation is not None:
            shown.append(f"  rank correlation {self.correlation:.3f}")
        if self.moved is not None:
            shown.append(f"  another risk level for {self.moved:.1%}")
            shown += [f"    {change}: {n}" for change, n in self.levels.items()]
        if self.outcomes is None:
            shown.append(f"  {self.known_outcomes} outcomes known: too few to say which is right")
            return shown
        for who, f in self.outcomes.items():
            shown.append(
                f"  {who:10} on {self.known_outcomes} known outcomes: AUC {f['auc']:.3f}  "
                f"AP {f['average_precision']:.3f}  Brier {f['brier']:.4f}"
            )
        return shown


def compare_shadow(home: Home, version: str | None = None) -> Compared:
    """Compare a challenger with the champions beside it, all decisions on record.

    ``version``: by default the challenger in the shadow, else the one asked last. RegistryError (no_shadow) when no
    challenger was ever asked.
    """
    records = open_records(home.records_url)
    try:
        asked = asked_versions(records)
        now = shadow(home.models)
        chosen = version or (now.version if now is not None else next(iter(asked), None))
        if chosen is None or (version is not None and version not in asked):
            raise RegistryError(
                "no_shadow", "no challenger has scored beside a champion: `ringfence promote --shadow VERSION`"
            )
        rows = side_by_side(records, chosen)
    finally:
        records.dispose()
    return _compared(chosen, rows, _outcomes(home, [r.decision_id for r in rows]))


def _outcomes(home: Home, decision_ids: list[str]) -> dict[str, bool]:
    """Outcomes that landing knows by now, by decision."""
    if not decision_ids:
        return {}
    labels = Landing(home.landing, landing_schemas()).view().newest("label")
    known = dict(zip(labels["application_id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    records = open_records(home.records_url)
    try:
        applied = applications_of(records, decision_ids)
    finally:
        records.dispose()
    return {d: known[a] for d, a in applied.items() if known.get(a) is not None}


def _compared(version: str, rows: list[SideBySide], known: dict[str, bool]) -> Compared:
    both = [r for r in rows if r.shadow.score is not None]
    champion = np.array([r.champion_score for r in both])
    beside = np.array([cast("float", r.shadow.score) for r in both])
    changes = Counter(
        f"{r.champion_level} > {r.shadow.risk_level}" for r in both if r.champion_level != r.shadow.risk_level
    )
    told = [i for i, r in enumerate(both) if r.decision_id in known]
    y = np.array([float(known[both[i].decision_id]) for i in told])
    enough = min(y.sum(), (1 - y).sum()) >= FEW if len(y) else False
    gap = beside - champion
    order: dict[str, int] = {level: i for i, level in enumerate(LEVELS)}
    return Compared(
        version=version,
        champions=dict(Counter(r.champion_version for r in rows)),
        decisions=len(rows),
        scored=len(both),
        faults=dict(Counter(r.shadow.fault or "not_scored" for r in rows if r.shadow.score is None)),
        moved=sum(changes.values()) / len(both) if both else None,
        levels=dict(sorted(changes.items(), key=lambda c: order.get(c[0].split(" > ")[0], 9))),
        difference=_spread(gap) if both else None,
        correlation=_rank_correlation(champion, beside),
        known_outcomes=len(told),
        outcomes={"champion": _figures(y, champion[told]), "challenger": _figures(y, beside[told])} if enough else None,
    )


def _spread(gap: Float64) -> dict[str, float]:
    low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
    return {"mean": float(gap.mean()), "median": float(middle), "p05": float(low), "p95": float(high)}


def _rank_correlation(a: Float64, b: Float64) -> float | None:
    """Spearman's; None below three decisions or where one of the two always says the same."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _figures(labels: Float64, scores: Float64) -> dict[str, float]:
    return {
        "auc": auc(labels, scores),
        "average_precision": average_precision(labels, scores),
        "brier": brier(labels, scores),
    }
