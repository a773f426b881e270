"""Sample cases of the measured rows: the decision as it would have been, with reasons, beside what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from scoring.concepts import BY_CODE
from scoring.reasons import Reason, by_concept, reasons
from scoring.serve import Scored
from scoring.train import Trained
from scoring.trees import parse_trees


@dataclass(frozen=True)
class Case:
    """A measured row. ``moved``: log-odds by concept, strongest first, with the concept's name."""

    title: str
    application: str
    merchant: str
    probability: float
    bad: bool
    reasons: tuple[Reason, ...]
    moved: tuple[tuple[str, float], ...]


def sample_cases(trained: Trained) -> list[Case]:
    """Four rows: the riskiest that ended badly, the riskiest that did not, a middle one, and the worst surprise."""
    y, p = trained.measured.labels, trained.measured.probabilities["full"]
    order = np.argsort(-trained.measured.scores["full"], kind="stable")
    bad, good = order[y[order] == 1], order[y[order] != 1]
    picked = [
        ("Ranked highest, and ended badly", bad[0]),
        ("Ranked highest of those that ended well", good[0]),
        ("In the middle", order[len(order) // 2]),
        ("Ended badly, ranked lowest: missed", bad[-1]),
    ]
    model, table = trained.model, trained.measured.table
    trees = parse_trees(json.loads(model.booster))
    usual = dict(zip(model.features, model.medians, strict=True))
    found = []
    for title, place in picked:
        row = int(trained.measured.rows[place])
        values = {n: float(table.frame[n][row].as_py()) for n in model.features}
        vector = np.array([values[n] for n in model.features])
        moved = dict(zip(model.features, trees.contributions(vector).tolist(), strict=True))
        scored = Scored(
            probability=float(p[place]),
            margin=trees.margin(vector),
            expected=trees.expected,
            contributions=moved,
            typical=usual,
            model="",
            version="",
            sha256="",
            feature_set_version=model.feature_set_version,
        )
        found.append(
            Case(
                title=title,
                application=table.frame["application_id"][row].as_py(),
                merchant=table.frame["merchant_id"][row].as_py(),
                probability=float(p[place]),
                bad=bool(y[place] == 1),
                reasons=tuple(reasons(scored, values)),
                moved=tuple((f"{BY_CODE[c].en} {BY_CODE[c].zh}", m) for c, m in by_concept(moved).items() if m),
            )
        )
    return found
