"""The movements that touch an account reached: marked as bits, so that the others are passed by in words of 64."""

from __future__ import annotations

import numpy as np
from numba import njit

from graph.proceeds.layout import Book, Int32, Touching, UInt64


@njit(cache=True)
def touching(src: Int32, dst: Int32, nodes: int) -> Touching:
    """Sort movements, which are in order of time, by the nodes they touch: by counting, so in linear time."""
    ptr = np.zeros(nodes + 1, np.int64)
    for i in range(len(src)):
        if src[i] != dst[i]:
            ptr[src[i] + 1] += 1
            ptr[dst[i] + 1] += 1
    for node in range(nodes):
        ptr[node + 1] += ptr[node]
    events, filled = np.empty(ptr[nodes], np.int32), ptr[:nodes].copy()
    for i in range(len(src)):
        if src[i] != dst[i]:
            for node in (src[i], dst[i]):
                events[filled[node]] = i
                filled[node] += 1
    return Touching(ptr, events)


@njit(cache=True)
def mark(book: Book, index: Touching, node: int, begin: int, end: int) -> None:
    """Mark the movements ``begin`` to ``end`` - 1 that touch a node."""
    low, stop = index.ptr[node], index.ptr[node + 1]
    high = stop
    while low < high:
        middle = (low + high) // 2
        if index.events[middle] < begin:
            low = middle + 1
        else:
            high = middle
    while low < stop and index.events[low] < end:
        i = index.events[low]
        book.marks[i >> 6] |= np.uint64(1) << np.uint64(i & 63)
        book.marked[i >> 12] |= np.uint64(1) << np.uint64((i >> 6) & 63)
        low += 1


@njit(cache=True)
def next_bit(words: UInt64, begin: int, end: int) -> int:
    """The first bit set from ``begin`` on, ``end`` when there is none before it; reads no word past that of ``end``."""
    if begin >= end:
        return end
    word = begin >> 6
    bits = (words[word] >> np.uint64(begin & 63)) << np.uint64(begin & 63)
    while bits == 0:
        word += 1
        if word > (end - 1) >> 6:
            return end
        bits = words[word]
    at = word << 6
    while bits & np.uint64(255) == 0:
        bits >>= np.uint64(8)
        at += 8
    while bits & np.uint64(1) == 0:
        bits >>= np.uint64(1)
        at += 1
    return min(at, end)


@njit(cache=True)
def next_marked(book: Book, begin: int, end: int) -> int:
    """The first marked movement from ``begin`` on, ``end`` when there is none before it."""
    if begin >= end:
        return end
    stop = min(((begin >> 6) + 1) << 6, end)
    at = next_bit(book.marks, begin, stop)
    if at < stop:
        return at
    last = ((end - 1) >> 6) + 1
    word = next_bit(book.marked, stop >> 6, last) if stop < end else last
    return end if word == last else next_bit(book.marks, word << 6, end)


@njit(cache=True)
def clear_marks(book: Book, begin: int, end: int) -> None:
    """Forget the marks from ``begin`` to ``end``, which are all there are."""
    last = (end >> 6) + 1
    word = next_bit(book.marked, begin >> 6, last)
    while word < last:
        book.marks[word] = 0
        word = next_bit(book.marked, word + 1, last)
    book.marked[begin >> 12 : (end >> 12) + 1] = 0
