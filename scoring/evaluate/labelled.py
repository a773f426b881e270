"""A labelled graph as arrays, and what can be wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gnn.graph import Relation
from gnn.segments import Float32, Int64
from graph.snapshot import Float64

Bool = npt.NDArray[np.bool_]
Folds = npt.NDArray[np.int8]

NODE = "node"
"""The one kind of node of such a graph."""

NONE, TRAIN, VALID, TEST = -1, 0, 1, 2
FOLD_NAMES: Mapping[str, int] = {"train": TRAIN, "valid": VALID, "test": TEST}


class EvaluateError(ValueError):
    """The tables cannot be evaluated on. ``code`` names the fault for programs:

    bad_option, missing_column, bad_id, missing_id, duplicate_node, bad_label, nan_label, one_class,
    non_numeric_feature, infinite_feature, edge_name, missing_end, unknown_id, no_edges, bad_fold, duplicate_in_split,
    no_train, no_test, fold_without_positives, fold_without_negatives, too_few_labels, bad_time, no_variant.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Times:
    """When nodes came to be. ``at``: any unit; ``known``: where it is known."""

    at: Int64
    known: Bool


@dataclass(frozen=True)
class LabelledGraph:
    """Nodes with features and labels, and named relations between them.

    ``ids``: text, one a node; ``label``: 1, 0, or NaN for an unlabelled node; ``x``: nodes x features, NaN missing;
    ``time``: None without times. ``notes``: what was left out on the way, in words.
    """

    ids: pa.Array
    label: Float64
    x: Float32
    names: tuple[str, ...]
    relations: tuple[Relation, ...]
    time: Times | None = None
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.label)
