"""The training table: one row per application with a known outcome, as the bank could have seen it then.

Features come from the last snapshot of a regular grid before the application, labels from what was known before the
cut; nothing learnt later enters a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.features.application import application_features
from graph.features.compute import FEATURE_SET_VERSION, FEATURES, compute_features
from graph.features.segments import Bool
from graph.findings.finding import Finding
from graph.snapshot import Float64, Int64, Snapshot
from landing.tables import View
from scoring.groups import connected_groups
from scoring.history import History

Mine = Callable[[Snapshot], Sequence[Finding]]
Report = Callable[[str], None]

Watch = Callable[[Snapshot, pa.Table], None]
"""Is shown every snapshot that gave rows, in time, with the features of its merchants."""

KEYS = ("application_id", "merchant_id", "ts", "snapshot_as_of", "label")
ABOUT = ("group", "platform", "region")
"""Of each row's merchant, as of the cut: its connected group (scoring.groups), platform and region. No features."""


@dataclass(frozen=True)
class TrainingTable:
    """Training rows in the order of their time.

    ``frame``: application_id, merchant_id, ts (of the application, ms), snapshot_as_of (ms), label (1.0: fraud or
    default), then a float64 column per name in ``features``, NaN where not known. ``left_out``: applications that are
    no row, and why. ``delay_days``: median days from application to its label. ``maturity_days``: how old an
    application had to be to become a row. ``edges``: of all kinds in the newest snapshot behind the rows; None: not
    counted. The frame may have the columns of ``ABOUT`` too.
    """

    frame: pa.Table
    features: tuple[str, ...]
    feature_set_version: str
    cut_ms: int
    cadence_ms: int
    left_out: Mapping[str, int]
    delay_days: float
    maturity_days: float = 0.0
    edges: int | None = None

    @property
    def other_columns(self) -> tuple[str, ...]:
        """Columns of the frame that are no features."""
        return (*KEYS, *ABOUT)

    @property
    def groups(self) -> Int64:
        """The connected group of each row's merchant; without that column every merchant is one of its own."""
        if "group" in self.frame.column_names:
            return self.frame["group"].to_numpy()
        return np.unique(self.frame["merchant_id"].to_numpy(zero_copy_only=False), return_inverse=True)[1]

    def with_feature(self, name: str, values: Float64) -> TrainingTable:
        """The table with one more feature, or with other values of one it has."""
        if name in self.features:
            place = self.frame.column_names.index(name)
            return replace(self, frame=self.frame.set_column(place, name, pa.array(values)))
        frame = self.frame.append_column(name, pa.array(values))
        return replace(self, frame=frame, features=(*self.features, name))

    def without_feature(self, name: str) -> TrainingTable:
        """The table without a feature."""
        kept = tuple(n for n in self.features if n != name)
        return replace(self, frame=self.frame.drop_columns([name]), features=kept)

    def matrix(self, names: Sequence[str] | None = None) -> Float64:
        """Feature values, rows x names (default: all features)."""
        chosen = self.features if names is None else tuple(names)
        columns = [self.frame[n].to_numpy() for n in chosen]
        return np.column_stack(columns) if columns else np.zeros((self.frame.num_rows, 0))

    @property
    def labels(self) -> Float64:
        """1.0 for fraud or default, 0.0 for neither, NaN where the label says nothing."""
        return self.frame["label"].to_numpy()

    @property
    def times(self) -> Int64:
        """When each application was made, ms."""
        return self.frame["ts"].to_numpy()


def build_training_table(
    view: View, cut_ms: int, cadence_ms: int, mine: Mine, report: Report, watch: Watch | None = None
) -> TrainingTable:
    """Rows for every application whose newest label was known before ``cut_ms``.

    An application is taken as it was first known. Its features are those of the snapshot as of the greatest multiple
    of ``cadence_ms`` that is not after it, made from what was known by then, with ``mine``'s findings of that snapshot.

    **Maturity.** Bad outcomes are learnt sooner than good ones, so of recent applications only the bad are labelled:
    rows are applications old enough that 95 % of good outcomes had come in, counted back from the newest label.
    """
    history = History(view)
    applications = _first_versions(history.fact_versions("application"), cut_ms)
    labels = _newest_labels(history.fact("label", cut_ms - 1))
    place = pc.index_in(applications["id"], labels["application_id"])
    labelled = applications.filter(pc.is_valid(place))
    labelled = labelled.append_column("label", labels["label"].take(pc.drop_null(place)).cast(pa.float64()))
    left_out = {"no_label": applications.num_rows - labelled.num_rows}
    learnt = labels["known_ts"].take(pc.drop_null(place)).to_numpy(zero_copy_only=False)
    maturity, mature = _mature(labelled, learnt)
    labelled, learnt = labelled.filter(pa.array(mature)), learnt[mature]
    left_out["too_recent"] = int((~mature).sum())
    times = labelled["ts"].to_numpy(zero_copy_only=False)
    grid = times // cadence_ms * cadence_ms
    parts = []
    moments = np.unique(grid)
    edges = 0
    for i, moment in enumerate(moments.tolist()):
        report(f"training rows: snapshot {i + 1} of {len(moments)}")
        snapshot = history.snapshot(moment)
        parts.append(_rows(snapshot, list(mine(snapshot)), labelled.filter(pa.array(grid == moment)), watch))
        edges = sum(len(r) for r in snapshot.relations.values())
    frame = pa.concat_tables([_rows_of_none(), *parts]).sort_by([("ts", "ascending"), ("application_id", "ascending")])
    frame = _with_about(frame, history.snapshot(cut_ms))
    left_out["merchant_not_known_then"] = labelled.num_rows - frame.num_rows
    delay = float(np.median(learnt - times)) / 86_400_000 if len(times) else float("nan")
    names = tuple(f.name for f in FEATURES)
    return TrainingTable(frame, names, FEATURE_SET_VERSION, cut_ms, cadence_ms, left_out, delay, maturity, edges)


def _mature(labelled: pa.Table, learnt: Int64) -> tuple[float, Bool]:
    """Days an application must be old to be a row, and which rows are, counted back from the newest label."""
    times, good = labelled["ts"].to_numpy(zero_copy_only=False), labelled["label"].to_numpy() == 0
    if not good.any():
        return 0.0, np.ones(len(times), np.bool_)
    wait = max(float(np.quantile((learnt - times)[good], 0.95)), 0.0)
    return wait / 86_400_000, times <= learnt.max() - wait


def _with_about(frame: pa.Table, newest: Snapshot) -> pa.Table:
    merchants = newest.nodes["Merchant"]
    place = pc.index_in(frame["merchant_id"], merchants.ids)
    columns = {name: merchants.table[name].take(place) for name in ("platform", "region")}
    for name, values in {"group": pa.array(connected_groups(newest, frame["merchant_id"])), **columns}.items():
        frame = frame.append_column(name, values)
    return frame


def _rows(snapshot: Snapshot, findings: Sequence[Finding], applications: pa.Table, watch: Watch | None) -> pa.Table:
    """Training rows of applications whose merchant the snapshot knows."""
    place = pc.index_in(applications["merchant_id"], snapshot.nodes["Merchant"].ids)
    known = applications.filter(pc.is_valid(place))
    if known.num_rows == 0:
        return _rows_of_none()
    features = compute_features(snapshot, findings)
    if watch is not None:
        watch(snapshot, features)
    return with_request(features.take(pc.drop_null(place)), known, snapshot.as_of)


def with_request(features: pa.Table, applications: pa.Table, as_of: int) -> pa.Table:
    """Rows of merchant features with those of the request put beside them. Row i belongs to application i."""
    columns: dict[str, object] = {
        "application_id": applications["id"],
        "merchant_id": applications["merchant_id"],
        "ts": applications["ts"],
        "snapshot_as_of": pa.array(np.full(applications.num_rows, as_of)),
        "label": applications["label"],
    }
    numbers = {n: features[n].to_numpy() for n in features.column_names if n not in ("merchant_id", "currency")}
    same = pc.fill_null(pc.equal(features["currency"], applications["currency"]), False)
    asked = pc.fill_null(applications["amount"].cast(pa.float64()), float("nan")).to_numpy()
    numbers |= application_features(numbers, asked, same.to_numpy())
    return pa.table({**columns, **{f.name: numbers[f.name] for f in FEATURES}}, schema=_schema())


def _schema() -> pa.Schema:
    types = (pa.string(), pa.string(), pa.int64(), pa.int64(), pa.float64())
    return pa.schema([*zip(KEYS, types, strict=True), *((f.name, pa.float64()) for f in FEATURES)])


def _rows_of_none() -> pa.Table:
    return _schema().empty_table()


def _first_versions(versions: pa.Table, cut_ms: int) -> pa.Table:
    """Each application made and known by the cut, as it was first known."""
    known = versions.filter(pc.less_equal(pc.max_element_wise(versions["known_ts"], versions["ts"]), cut_ms))
    ordered = known.sort_by([("id", "ascending"), ("known_ts", "ascending"), ("updated_ts", "ascending")])
    return _one_per(ordered, "id", "first")


def _newest_labels(labels: pa.Table) -> pa.Table:
    """One label per application: the one that came to be last."""
    named = labels.filter(pc.is_valid(labels["application_id"]))
    keys = [
        ("application_id", "ascending"),
        ("updated_ts", "ascending"),
        ("known_ts", "ascending"),
        ("id", "ascending"),
    ]
    return _one_per(named.sort_by(keys), "application_id", "last")


def _one_per(ordered: pa.Table, column: str, which: str) -> pa.Table:
    names = ordered[column].to_numpy(zero_copy_only=False)
    change = names[1:] != names[:-1]
    picked = np.concatenate([[True], change]) if which == "first" else np.concatenate([change, [True]])
    return ordered.filter(pa.array(picked[: len(names)]))
