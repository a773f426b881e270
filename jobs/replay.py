"""Replay of a decision: recomputed from what is on record, and from landing as of then; told where it differs.

From the record: the model is found by the sha256 on record and given the feature values on record. From landing: the
graph as of the decision's ``graph_as_of`` is built from the batches that were in landing when it was published, mined
with what people had said by then, and scored by the same model. A replay changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from graph.features.compute import FEATURE_SET_VERSION
from jobs.decide import MOST_REASONS, ScoreRequest, merchant_values, told
from jobs.home import Home
from jobs.known import KnownMerchants
from jobs.network import compute_logits
from jobs.progress import Report, quiet
from jobs.replay_graph import as_published
from policy.rating import read_rating
from records import decisions
from records.database import open_records, to_json
from records.decisions import DecisionRow
from scoring.blocks import SAGE_LOGIT
from scoring.model_files import ModelFileError, network_files
from scoring.reasons import reasons
from scoring.registry import version_of
from scoring.serve import ScoreError, Scorer

Value = float | str | None


class ReplayError(Exception):
    """A decision cannot be replayed. Codes: no_decision, no_model, other_feature_set, landing_shorter."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it is on record."""

    what: str
    on_record: Value
    recomputed: Value


@dataclass(frozen=True)
class Check:
    """One way of recomputing. ``trouble``: why it could not be done (code and words), None when it was.

    ``notes``: what to know when reading the differences.
    """

    way: str
    trouble: str | None
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What a replay found; ``exit_code``: 0 all equal, 1 something differs, 2 a part could not be recomputed."""

    decision_id: str
    application_id: str
    score: float
    graph_version: str
    graph_as_of: int
    model_version: str
    checks: tuple[Check, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        if any(c.differences for c in self.checks):
            return 1
        return 2 if any(c.trouble for c in self.checks) else 0

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "equal": self.exit_code == 0}

    def lines(self) -> list[str]:
        """For people."""
        shown = [
            f"decision {self.decision_id} on {self.application_id}: score {self.score:.6f} by {self.model_version}"
        ]
        for check in self.checks:
            if check.trouble:
                shown.append(f"{check.way}: could not be recomputed: {check.trouble}")
            else:
                n = len(check.differences)
                shown.append(f"{check.way}: {'the same' if n == 0 else f'{n} differences'}")
            shown += [f"  {note}" for note in check.notes]
            shown += [
                f"  {d.what}: on record {_cell(d.on_record)}, now {_cell(d.recomputed)}" for d in check.differences
            ]
        return shown


def replay_decision(home: Home, decision_id: str, landing: bool = True, report: Report = quiet) -> Replayed:
    """Recompute a decision from its record and, with ``landing``, from landing as of then.

    Raises ReplayError (no_decision) when it is not on record.
    """
    records = open_records(home.records_url)
    try:
        row = decisions.load(records, decision_id)
        if row is None:
            raise ReplayError("no_decision", f"no decision {decision_id!r} is on record")
        report("recomputing from the record")
        checks = [_tried("from the record", lambda: _from_record(row, home.models))]
        if landing:
            report("recomputing from landing as of then")
            checks.append(_tried("from landing", lambda: _from_landing(row, home, records)))
    finally:
        records.dispose()
    return Replayed(
        decision_id=row.decision_id,
        application_id=row.application_id,
        score=row.score,
        graph_version=row.graph_version,
        graph_as_of=row.graph_as_of,
        model_version=row.model_version,
        checks=tuple(checks),
    )


def _tried(way: str, check: Callable[[], Check]) -> Check:
    """A check, or why it could not be made: whatever is foreseen, by its code."""
    try:
        return check()
    except (ReplayError, ModelFileError, ScoreError) as why:
        return Check(way, str(why))


def _model(row: DecisionRow, models: Path) -> tuple[Scorer, Path]:
    version = version_of(models, row.model_sha256)
    if version is None:
        raise ReplayError(
            "no_model", f"no model with sha256 {row.model_sha256[:12]} is in the registry (it was {row.model_version})"
        )
    folder = models / "versions" / version
    return Scorer.open(folder, row.model_sha256), folder


def _from_record(row: DecisionRow, models: Path) -> Check:
    scorer, _ = _model(row, models)
    return Check("from the record", None, tuple(_scored_differences(row, scorer, row.features)), _notes(row))


def _scored_differences(row: DecisionRow, scorer: Scorer, values: Mapping[str, float]) -> list[Difference]:
    """What the model makes of values beside what is on record of margin, score, contributions, reasons and level."""
    scored = scorer.score(values)
    found = _numbers(
        "", {"margin": row.margin, "score": row.score}, {"margin": scored.margin, "score": scored.probability}
    )
    found += _numbers("contribution of ", row.contributions, scored.contributions)
    again = [told(r) for r in reasons(scored, values, limit=MOST_REASONS)]
    before, after = to_json(list(row.reasons)), to_json(again)
    if before != after:
        codes = ("; ".join(str(r["code"]) for r in given) for given in (row.reasons, again))
        found.append(Difference("reasons", next(codes), next(codes)))
    rating = read_rating()
    if rating.version == row.rating_version and rating.level(scored.probability) != row.risk_level:
        found.append(Difference("risk level", row.risk_level, rating.level(scored.probability)))
    return found


def _notes(row: DecisionRow) -> tuple[str, ...]:
    now = read_rating().version
    return (
        ()
        if now == row.rating_version
        else (f"the rating is {now} now, it was {row.rating_version}: level not compared",)
    )


def _from_landing(row: DecisionRow, home: Home, records: Engine) -> Check:
    if row.feature_set_version != FEATURE_SET_VERSION:
        raise ReplayError(
            "other_feature_set",
            f"this program computes features {FEATURE_SET_VERSION}, the decision rests on {row.feature_set_version}: "
            "replay it with the program of then",
        )
    scorer, folder = _model(row, home.models)
    version, features, notes = as_published(home, records, row)
    request = ScoreRequest(**cast("dict[str, object]", dict(row.request)))  # type: ignore[arg-type]  # as it was put on record
    values, degraded = merchant_values(request, version, KnownMerchants(home.landing))
    if SAGE_LOGIT in scorer.features:
        files, number = network_files(folder, row.model_sha256), version.features.number(row.merchant_id)
        logit = math.nan
        if files is not None and number is not None:
            logit = float(compute_logits(version.snapshot, features, files)[number])
        values = {**values, SAGE_LOGIT: logit}
        if "network" in row.degraded_parts:
            values[SAGE_LOGIT] = math.nan
            degraded = (*degraded, "network")
            notes = (*notes, "the network's logits had not been computed then: left out here too")
    found = _numbers("", row.features, {n: values[n] for n in row.features})
    if tuple(row.degraded_parts) != tuple(degraded):
        found.append(Difference("degraded parts", ", ".join(row.degraded_parts), ", ".join(degraded)))
    ids = version.clusters_of(row.merchant_id)
    if tuple(row.finding_ids) != tuple(ids):
        found.append(Difference("findings", ", ".join(row.finding_ids), ", ".join(ids)))
    if found:  # what differs in the inputs differs in all that follows: the score says how much it matters
        margin, probability = scorer.margin_and_probability(values)
        after = {"margin": margin, "score": probability}
        found += _numbers("", {"margin": row.margin, "score": row.score}, after)
    else:
        found += _scored_differences(row, scorer, values)
    return Check("from landing", None, tuple(found), (*notes, *_notes(row)))


def _numbers(prefix: str, before: Mapping[str, float], after: Mapping[str, float]) -> list[Difference]:
    """Numbers that are not exactly equal; NaN (not known) equals NaN."""
    found = []
    for name in dict.fromkeys((*before, *after)):
        a, b = _known(before.get(name)), _known(after.get(name))
        if a != b:
            found.append(Difference(f"{prefix}{name}", a, b))
    return found


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _cell(value: Value) -> str:
    if value is None:
        return "not known"
    return f"{value!r}" if isinstance(value, float) else str(value) or "none"
