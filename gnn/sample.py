"""Neighbour sampling for graphs that do not fit full batch.

As the first layer's means are constants and exact for every node (gnn.train computes them once), a model of L layers
needs L - 1 sampled hops. A node's sample depends on (seed, batch, relation, node) alone, whatever the threads do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from gnn.graph import Csr, Relation, Triple, TypedGraph, csr_of
from gnn.segments import Int32, Int64
from gnn.shape import SageShape


@njit(cache=True)
def _mixed(z: np.uint64) -> np.uint64:
    """SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): one good 64-bit number from another."""
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def sample_rows(ptr: Int64, nbr: Int32, rows: Int32, most: int, seed: int) -> tuple[Int64, Int32]:
    """At most ``most`` neighbours of each row, drawn without replacement: pointers and neighbours.

    A row with fewer gives all, in their order; otherwise a partial Fisher-Yates shuffle of its places.
    """
    out_ptr = np.zeros(len(rows) + 1, np.int64)
    for i in range(len(rows)):
        out_ptr[i + 1] = out_ptr[i] + min(ptr[rows[i] + 1] - ptr[rows[i]], most)
    out = np.empty(out_ptr[-1], np.int32)
    for i in range(len(rows)):
        first, degree = ptr[rows[i]], ptr[rows[i] + 1] - ptr[rows[i]]
        if degree <= most:
            for k in range(degree):
                out[out_ptr[i] + k] = nbr[first + k]
            continue
        state = _mixed(np.uint64(seed) ^ (np.uint64(rows[i]) << np.uint64(32)))
        taken = np.empty(most, np.int64)
        for k in range(most):  # Floyd's sample: k-th draw from the first degree - most + k + 1 places
            state = _mixed(state)
            last = degree - most + k
            at = np.int64(state % np.uint64(last + 1))
            for j in range(k):
                if taken[j] == at:
                    at = last
                    break
            taken[k] = at
            out[out_ptr[i] + k] = nbr[first + at]
    return out_ptr, out


@dataclass(frozen=True)
class Batch:
    """``nodes``: per kind the nodes whose first-layer inputs are read; ``layers``: relations of the second layer on.

    ``rows``: how many nodes of each kind those layers compute. Seeds are the first target nodes of every layer.
    """

    seeds: Int64
    nodes: Mapping[str, Int64]
    layers: tuple[Mapping[Triple, Relation], ...]
    rows: tuple[Mapping[str, int], ...]


class NeighbourSampler:
    """Batches of target nodes with the neighbours they need, at most ``fanout`` by relation and node."""

    def __init__(self, graph: TypedGraph, shape: SageShape, fanout: int, seed: int) -> None:
        self._shape, self._fanout, self._seed = shape, fanout, seed
        self._relations = {r.triple: r for r in graph.relations}
        self._place = {k: np.full(n, -1, np.int64) for k, n in graph.sizes.items()}

    def epoch(self, rows: Int64, size: int, number: int) -> Iterator[Batch]:
        """The rows once each in a shuffled order, ``size`` at a time; the same for the same seed and epoch number."""
        order = np.random.default_rng([self._seed, number]).permutation(rows)
        for i, start in enumerate(range(0, len(order), size)):
            yield self.batch(order[start : start + size], (number << 20) + i)

    def batch(self, seeds: Int64, number: int) -> Batch:
        """Seeds with their sampled surroundings."""
        shape = self._shape
        nodes: dict[str, Int64] = {shape.target: np.asarray(seeds, np.int64)}
        layers: list[Mapping[Triple, Relation]] = []
        counts: list[Mapping[str, int]] = []
        for layer in range(shape.layers - 1, 0, -1):
            drawn: dict[Triple, tuple[Int64, Int32]] = {}
            counts.append({k: len(n) for k, n in nodes.items()})
            for place, triple in enumerate(shape.relations):
                if triple[2] in nodes and triple[2] in shape.kinds_at(layer):
                    key = np.random.SeedSequence([self._seed, number, layer, place]).generate_state(1, np.uint64)[0]
                    csr = self._relations[triple].into
                    rows = nodes[triple[2]].astype(np.int32)
                    drawn[triple] = sample_rows(csr.ptr, csr.nbr, rows, self._fanout, int(key >> np.uint64(1)))
            below = {k: nodes.get(k, np.zeros(0, np.int64)) for k in shape.kinds_at(layer - 1)}
            for triple, (_, found) in drawn.items():
                below[triple[0]] = _joined(below[triple[0]], found)
            layers.append({t: self._local(t, d, nodes[t[2]], below[t[0]]) for t, d in drawn.items()})
            nodes = below
        return Batch(np.asarray(seeds, np.int64), nodes, tuple(reversed(layers)), tuple(reversed(counts)))

    def _local(self, triple: Triple, drawn: tuple[Int64, Int32], targets: Int64, sources: Int64) -> Relation:
        ptr, found = drawn
        place = self._place[triple[0]]
        place[sources] = np.arange(len(sources))
        nbr = place[found].astype(np.int32)
        place[sources] = -1
        into = Csr(ptr, nbr, len(sources))
        out = csr_of(nbr, into.row_of, len(sources), len(targets))
        return Relation(triple[1], triple[0], triple[2], into, out)


def _joined(first: Int64, found: Int32) -> Int64:
    """The first nodes in their order, then those found that are not among them, by number."""
    return np.concatenate([first, np.setdiff1d(found, first)]).astype(np.int64)
