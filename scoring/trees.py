"""Boosted trees as plain arrays: their sum for one row, and exactly how much each feature moved it.

Reads XGBoost's JSON of a binary logistic tree booster and needs nothing of XGBoost to evaluate it. Contributions are
the Shapley values of the path-dependent tree explainer (Lundberg et al. 2018, "Consistent individualized feature
attribution for tree ensembles"), computed leaf by leaf (Mitchell, Frank, Holmes 2022, "GPUTreeShap").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from graph.snapshot import Float64, Int32, Int64

Float32 = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

MAX_TREES = 20_000
MAX_NODES = 5_000_000
MAX_DEPTH = 64


class ModelFormatError(Exception):
    """The text is not a booster that can be evaluated here; ``code`` is ``model_format``."""

    code = "model_format"


@dataclass(frozen=True)
class Trees:
    """A booster: the base margin, its nodes, and the path to each leaf.

    Nodes of all trees follow each other; ``roots`` says where each tree begins. A node with ``feature`` -1 is a leaf
    with ``value``; otherwise a row goes left when its feature is below ``threshold``, or, missing, by ``missing_left``.
    A path holds one entry per different feature above a leaf: the row follows it when low <= x < high, or when x is
    missing and ``if_missing``; ``weight`` is the share of training weight that does.
    """

    n_features: int
    base: float
    roots: Int32
    feature: Int32
    threshold: Float32
    left: Int32
    right: Int32
    missing_left: Bool
    value: Float32
    path_ptr: Int64
    path_feature: Int32
    path_low: Float32
    path_high: Float32
    path_missing: Bool
    path_weight: Float64
    leaf_value: Float64
    expected: float  # the margin before anything is known of a row: what contributions start from

    def margin(self, row: Float64) -> float:
        """The booster's log-odds for one row, NaN: missing."""
        return float(
            _margin(
                row.astype(np.float32),
                np.float32(self.base),
                self.roots,
                self.feature,
                self.threshold,
                self.left,
                self.right,
                self.missing_left,
                self.value,
            )
        )

    def contributions(self, row: Float64) -> Float64:
        """How much each feature moved the margin from ``expected``: they sum to margin - expected."""
        return _contributions(
            row.astype(np.float32),
            self.n_features,
            self.path_ptr,
            self.path_feature,
            self.path_low,
            self.path_high,
            self.path_missing,
            self.path_weight,
            self.leaf_value,
        )


def parse_trees(model: object) -> Trees:
    """Trees from XGBoost's JSON, already decoded.

    ModelFormatError says what is wrong: another kind of booster or objective, a node that points nowhere or in a
    circle, a feature or a number out of range.
    """
    try:
        return _parse(model)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise ModelFormatError(f"not a booster in XGBoost's JSON: {type(error).__name__}") from error


def _parse(model: object) -> Trees:
    learner = _dict(_dict(model)["learner"])
    booster = _dict(learner["gradient_booster"])
    if booster["name"] != "gbtree":
        raise ModelFormatError("the booster is not a gbtree")
    if _dict(learner["objective"])["name"] != "binary:logistic":
        raise ModelFormatError("the objective is not binary:logistic")
    parameters = _dict(learner["learner_model_param"])
    n_features = int(str(parameters["num_feature"]))
    probability = float(str(parameters["base_score"]).strip("[]"))
    if not 0 < probability < 1:
        raise ModelFormatError("the base score is not a probability")
    trees = _list(_dict(booster["model"])["trees"])
    if not 0 < len(trees) <= MAX_TREES or not 0 < n_features <= 100_000:
        raise ModelFormatError("the number of trees or features is out of range")
    parts = [_Tree.read(_dict(t), n_features) for t in trees]
    sizes = np.array([len(p.left) for p in parts])
    if sizes.sum() > MAX_NODES:
        raise ModelFormatError("too many nodes")
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    leaves = [leaf for p in parts for leaf in p.leaves()]
    base = float(np.float32(math.log(probability / (1 - probability))))
    steps = [s for path, _ in leaves for s in path]
    expected = base + sum(value * math.prod(s.weight for s in path) for path, value in leaves)
    return Trees(
        n_features=n_features,
        base=base,
        roots=roots,
        feature=np.concatenate([p.feature for p in parts]),
        threshold=np.concatenate([p.threshold for p in parts]),
        left=np.concatenate([p.left + r for p, r in zip(parts, roots, strict=True)]).astype(np.int32),
        right=np.concatenate([p.right + r for p, r in zip(parts, roots, strict=True)]).astype(np.int32),
        missing_left=np.concatenate([p.missing_left for p in parts]),
        value=np.concatenate([np.where(p.feature < 0, p.threshold, 0) for p in parts]).astype(np.float32),
        path_ptr=np.concatenate([[0], np.cumsum([len(path) for path, _ in leaves])]).astype(np.int64),
        path_feature=np.array([s.feature for s in steps], np.int32),
        path_low=np.array([s.low for s in steps], np.float32),
        path_high=np.array([s.high for s in steps], np.float32),
        path_missing=np.array([s.missing for s in steps], np.bool_),
        path_weight=np.array([s.weight for s in steps], np.float64),
        leaf_value=np.array([value for _, value in leaves], np.float64),
        expected=expected,
    )


@dataclass(frozen=True)
class _Step:
    """What a path asks of one feature: low <= x < high, or missing where ``missing``."""

    feature: int
    low: float
    high: float
    missing: bool
    weight: float

    def and_then(self, other: _Step) -> _Step:
        return _Step(
            self.feature,
            max(self.low, other.low),
            min(self.high, other.high),
            self.missing and other.missing,
            self.weight * other.weight,
        )


@dataclass(frozen=True)
class _Tree:
    feature: Int32
    threshold: Float32
    left: Int32
    right: Int32
    missing_left: Bool
    cover: Float64

    @staticmethod
    def read(raw: Mapping[str, object], n_features: int) -> _Tree:
        left, right = _ints(raw["left_children"]), _ints(raw["right_children"])
        n = len(left)
        split = _ints(raw["split_indices"])
        threshold = np.array(_floats(raw["split_conditions"]), np.float32)
        cover = np.array(_floats(raw["sum_hessian"]), np.float64)
        missing_left = np.array(_ints(raw["default_left"]), np.int64)
        if any(len(c) != n for c in (right, split, threshold, cover, missing_left)) or n == 0:
            raise ModelFormatError("a tree's columns differ in length")
        if any(_ints(raw.get("split_type", []))) or _list(raw.get("categories", [])):
            raise ModelFormatError("categorical splits are not supported")
        leaf = left < 0
        if not np.array_equal(leaf, right < 0) or (~leaf & ((left >= n) | (right >= n))).any():
            raise ModelFormatError("a node points outside its tree")
        if (~leaf & ((split < 0) | (split >= n_features))).any():
            raise ModelFormatError("a node splits on a feature that does not exist")
        if not np.isfinite(threshold).all() or not np.isfinite(cover).all() or (cover < 0).any():
            raise ModelFormatError("a threshold, leaf or cover is not a finite number")
        if not np.isin(missing_left, (0, 1)).all():
            raise ModelFormatError("a default direction is neither 0 nor 1")
        feature = np.where(leaf, -1, split).astype(np.int32)
        return _Tree(feature, threshold, left.astype(np.int32), right.astype(np.int32), missing_left == 1, cover)

    def leaves(self) -> list[tuple[list[_Step], float]]:
        """The path to each leaf, one step per different feature, and the leaf's value."""
        found: list[tuple[list[_Step], float]] = []
        seen = np.zeros(len(self.left), np.bool_)
        stack: list[tuple[int, list[_Step]]] = [(0, [])]
        while stack:
            node, path = stack.pop()
            if seen[node] or len(path) > MAX_DEPTH:
                raise ModelFormatError("a tree has a circle, or is too deep")
            seen[node] = True
            if self.feature[node] < 0:
                found.append((_merged(path), float(self.threshold[node])))
                continue
            whole, cut = float(self.cover[node]), float(self.threshold[node])
            feature, goes_left = int(self.feature[node]), bool(self.missing_left[node])
            for child, low, high, missing in (
                (int(self.left[node]), -math.inf, cut, goes_left),
                (int(self.right[node]), cut, math.inf, not goes_left),
            ):
                weight = float(self.cover[child]) / whole if whole > 0 else 0.5
                stack.append((child, [*path, _Step(feature, low, high, missing, weight)]))
        return found


def _merged(path: Sequence[_Step]) -> list[_Step]:
    by_feature: dict[int, _Step] = {}
    for step in path:
        before = by_feature.get(step.feature)
        by_feature[step.feature] = step if before is None else before.and_then(step)
    return list(by_feature.values())


def _dict(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _ints(value: object) -> Int64:
    numbers = _list(value)
    if not all(isinstance(v, int) and abs(v) < 2**31 for v in numbers):
        raise TypeError("not integers")
    return np.array(numbers, np.int64)


def _floats(value: object) -> list[float]:
    numbers = _list(value)
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        raise TypeError("not numbers")
    found = [float(v) for v in numbers]  # type: ignore[arg-type]  # just checked
    if any(abs(v) > 3e38 for v in found):
        raise ValueError("beyond single precision")
    return found


@njit(cache=True)
def _margin(
    row: Float32,
    base: float,
    roots: Int32,
    feature: Int32,
    threshold: Float32,
    left: Int32,
    right: Int32,
    missing_left: Bool,
    value: Float32,
) -> float:
    total = np.float32(base)  # single precision and this order of sums, as XGBoost does it
    for root in roots:
        node = root
        while feature[node] >= 0:
            x = row[feature[node]]
            go_left = missing_left[node] if np.isnan(x) else x < threshold[node]
            node = left[node] if go_left else right[node]
        total = np.float32(total + value[node])
    return float(total)


@njit(cache=True)
def _contributions(
    row: Float32,
    n_features: int,
    ptr: Int64,
    feature: Int32,
    low: Float32,
    high: Float32,
    if_missing: Bool,
    weight: Float64,
    leaf_value: Float64,
) -> Float64:
    out = np.zeros(n_features)
    longest = 0
    for leaf in range(len(leaf_value)):
        longest = max(longest, ptr[leaf + 1] - ptr[leaf])
    share = np.zeros(longest + 1)  # weight of the subsets of the path, by size
    follows = np.zeros(longest + 1)
    for leaf in range(len(leaf_value)):
        start, length = ptr[leaf], ptr[leaf + 1] - ptr[leaf]
        share[0] = 1.0
        for i in range(length):
            at = start + i
            x = row[feature[at]]
            one = 0.0
            if (np.isnan(x) and if_missing[at]) or (x >= low[at] and x < high[at]):
                one = 1.0
            follows[i] = one
            zero = weight[at]
            share[i + 1] = 0.0
            for j in range(i, -1, -1):  # extend all subsets by this feature
                share[j + 1] += one * share[j] * (j + 1) / (i + 2)
                share[j] = zero * share[j] * (i + 1 - j) / (i + 2)
        for i in range(length):
            one, zero = follows[i], weight[start + i]
            if one == zero:
                continue
            total, later = 0.0, share[length]
            for j in range(length - 1, -1, -1):  # the sum over subsets without this feature
                if one != 0.0:
                    part = later * (length + 1) / ((j + 1) * one)
                    total += part
                    later = share[j] - part * zero * (length - j) / (length + 1)
                elif zero != 0.0:
                    total += share[j] / (zero * (length - j) / (length + 1))
            out[feature[start + i]] += total * (one - zero) * leaf_value[leaf]
    return out
