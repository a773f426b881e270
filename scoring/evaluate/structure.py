"""Where a node stands in the graph: degrees, its neighbours' degrees, triangles, core, PageRank, component."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numba import njit
from scipy.sparse.csgraph import connected_components

from gnn.graph import Csr
from gnn.segments import Float32, Int32, Int64
from scoring.evaluate.aggregates import moments_of
from scoring.evaluate.labelled import LabelledGraph
from scoring.evaluate.views import View, joined

MOST_WORK = 3_000_000_000
"""Steps that triangles may take; a graph with more gets no triangles, and the notes say so."""
DAMPING = 0.85


def structure(graph: LabelledGraph, views: Sequence[View]) -> tuple[Float32, tuple[str, ...]]:
    """Nodes x columns, and their names.

    With times a node's surroundings are those that were there by then; core, PageRank and components, which take in the
    whole graph, are then left out.
    """
    columns: dict[str, np.ndarray] = {}
    for view in views:
        degree = view.csr.degree.astype(np.float32)
        mean, _, most = moments_of(view.csr, degree[:, None])
        columns |= {
            f"{view.name}|degree": degree,
            f"{view.name}|neighbour_degree": mean[:, 0],
            f"{view.name}|neighbour_degree_max": most[:, 0],
        }
    csr = joined(graph)
    columns["degree"] = csr.degree
    if graph.time is None:
        columns |= _whole(csr, graph.notes)
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def _whole(csr: Csr, notes: list[str]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    degree = csr.degree
    upward = _upward(csr)
    work = int((upward.degree[upward.row_of] + upward.degree[upward.nbr]).sum())
    if work <= MOST_WORK:
        triangles = count_triangles(upward.ptr, upward.nbr)
        columns["triangles"] = triangles
        columns["clustering"] = 2 * triangles / np.maximum(degree * (degree - 1), 1)
    else:
        notes.append(f"triangles would take {work:,} steps: left out")
    columns["core"] = core_numbers(csr.ptr, csr.nbr)
    columns["pagerank"] = pagerank(csr)
    matrix = sp.csr_matrix((np.ones(len(csr.nbr), np.int8), csr.nbr, csr.ptr), shape=(csr.rows, csr.rows))
    _, component = connected_components(matrix, directed=False)
    columns["component_size"] = np.bincount(component)[component]
    return columns


def pagerank(csr: Csr, rounds: int = 30) -> Float32:
    """PageRank without direction times the number of nodes: 1 is the average (Page et al., 1999)."""
    share = (1 / np.maximum(csr.degree, 1)).astype(np.float32)
    rank = np.ones((csr.rows, 1), np.float32)
    for _ in range(rounds):
        rank = (1 - DAMPING) + DAMPING * csr.sum(rank, share)
    return rank[:, 0]


def _upward(csr: Csr) -> Csr:
    """Every edge once, from the end of lower degree to the other, ties by number: out-lists stay short."""
    row, nbr = csr.row_of.astype(np.int64), csr.nbr.astype(np.int64)
    degree = csr.degree
    up = (degree[row] < degree[nbr]) | ((degree[row] == degree[nbr]) & (row < nbr))
    ptr = np.zeros(csr.rows + 1, np.int64)
    np.cumsum(np.bincount(row[up], minlength=csr.rows), out=ptr[1:])
    return Csr(ptr, csr.nbr[up], csr.columns)


@njit(cache=True)
def count_triangles(ptr: Int64, nbr: Int32) -> Int64:
    """Triangles through every node; each row's neighbours in order (Chiba and Nishizeki, SIAM J. Comput. 1985)."""
    found = np.zeros(len(ptr) - 1, np.int64)
    for u in range(len(ptr) - 1):
        for e in range(ptr[u], ptr[u + 1]):
            v = nbr[e]
            a, b = ptr[u], ptr[v]
            while a < ptr[u + 1] and b < ptr[v + 1]:
                if nbr[a] < nbr[b]:
                    a += 1
                elif nbr[a] > nbr[b]:
                    b += 1
                else:
                    found[u] += 1
                    found[v] += 1
                    found[nbr[a]] += 1
                    a += 1
                    b += 1
    return found


@njit(cache=True)
def core_numbers(ptr: Int64, nbr: Int32) -> Int64:
    """The greatest k for which a node is in the k-core, by peeling in buckets (Batagelj and Zaversnik, 2003)."""
    n = len(ptr) - 1
    degree = ptr[1:] - ptr[:-1]
    most = degree.max() if n else 0
    start = np.zeros(most + 2, np.int64)
    for d in degree:
        start[d + 1] += 1
    start = np.cumsum(start)
    place, order = np.empty(n, np.int64), np.empty(n, np.int64)
    at = start.copy()
    for v in range(n):
        place[v] = at[degree[v]]
        order[place[v]] = v
        at[degree[v]] += 1
    core = degree.copy()
    for i in range(n):
        v = order[i]
        for e in range(ptr[v], ptr[v + 1]):
            u = nbr[e]
            if core[u] > core[v]:
                first = max(start[core[u]], i + 1)
                w = order[first]
                order[place[u]], order[first] = w, u
                place[w], place[u] = place[u], first
                start[core[u]] = first + 1
                core[u] -= 1
    return core
