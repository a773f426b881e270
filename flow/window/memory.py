"""The arrays of the window engine, and how they grow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flow.conditions.formulas import WINDOW_MS
from flow.window.layout import LINE, LOG, SLOTS, Bool, Int32, Int64, Layout

# Cells of the running state: number of the next row; number of the last moment; slots in use in the table of values and
# in that of counts; keys touched and keys judged so far.
SEQ, MOMENT, VALUES_USED, COUNTS_USED, TOUCHED, JUDGED = range(6)


class Log(NamedTuple):
    """The ring of rows. ``words`` and ``halves`` are one memory; capacity is a power of two."""

    words: Int64  # [capacity, 8]
    halves: Int32  # [capacity, 16]
    pointers: Int32  # [capacity, SLOTS * sorts of pointers kept]


class Keys(NamedTuple):
    """The blocks of all keys, line after line."""

    cells: Int64


class Tables(NamedTuple):
    """Open-addressed tables. ``values``: (key, attribute, value) -> newest row, as flow.window.tables packs them.
    ``names``, ``counts``: (key, window, value) -> events with it, and (key, window, count) -> values that have it."""

    values: Int64
    names: Int64
    counts: Int32


class Plan(NamedTuple):
    """A Layout as the kernel reads it, with what follows from it."""

    kept: Bool
    longest: Int64  # [kind] the longest window kept, -1 for none
    adds: Int32
    adds_at: Int32
    other: Int32
    more: Bool  # [kind, window] whether anything but additive cells is kept
    keeps: Bool  # [kind, feature] whether any window does
    tops: Int32
    pointers: Int32
    lines: Int64
    spans: Int32  # [kind, window, 2] lines of a block in which the window's cells are, from and to
    offset_ms: int


class RulePlan(NamedTuple):
    """Rules as the kernel reads them; a set of rules of one kind is a word of bits."""

    rises: Int64  # [kind, change] rules that can become TRUE
    depends: Int64  # [kind, change] rules that the change touches at all
    empty: Int64  # [kind] rules TRUE of a key without events
    code: Int64  # [kind] address of the rules' machine code
    windows: Int64  # [kind, rule] windows that it reads, as bits, and above them whether it counts loops
    cells: Int32  # columns that an edge tells of, rule after rule
    cells_at: Int64  # [kind, rule, 2] where a rule's columns begin and end


class State(NamedTuple):
    """Cursors and counters: ``cursors`` [windows + 1] the oldest row in each window and in the log; ``lengths`` their
    ms, 0 where nothing is kept."""

    cursors: Int64
    lengths: Int64
    run: Int64


def plan(layout: Layout) -> Plan:
    """A layout as the kernel reads it."""
    more = layout.other > 0
    longest = [max(np.flatnonzero(row), default=-1) for row in layout.kept]
    return Plan(
        layout.kept,
        np.array(longest, np.int64),
        layout.adds,
        layout.adds_at,
        layout.other,
        np.asarray(more.any(axis=2)),
        np.asarray(more.any(axis=1)),
        layout.tops,
        layout.pointers,
        layout.lines,
        layout.spans,
        layout.offset_ms,
    )


def state(layout: Layout, keep_ms: int) -> State:
    """Nothing has happened yet. ``keep_ms``: how long the log remembers."""
    lengths = np.append(np.where(layout.kept.any(axis=0), WINDOW_MS, 0), keep_ms)
    return State(np.zeros(LOG + 1, np.int64), lengths.astype(np.int64), np.zeros(JUDGED + 1, np.int64))


def empty_log(layout: Layout, capacity: int) -> Log:
    """A log without rows, with room for at least so many."""
    rows = 1 << max(capacity - 1, 1).bit_length()
    words = np.zeros((rows, LINE), np.int64)
    pointers = np.zeros((rows, SLOTS * int((layout.pointers >= 0).sum())), np.int32)
    return Log(words, words.view(np.int32), pointers)


def grown_log(log: Log, oldest: int, following: int) -> Log:
    """Twice the room, the rows from ``oldest`` on to before ``following`` in their new places. Pointers are sequence
    numbers, so none of them changes."""
    room = len(log.words)
    words = np.zeros((2 * room, LINE), np.int64)
    pointers = np.zeros((2 * room, log.pointers.shape[1]), np.int32)
    turn = min((oldest // room + 1) * room, following)  # where the ring begins again
    for start, end in ((oldest, turn), (turn, following)):
        old = slice(start % room, start % room + end - start)
        new = slice(start % (2 * room), start % (2 * room) + end - start)
        words[new], pointers[new] = log.words[old], log.pointers[old]
    return Log(words, words.view(np.int32), pointers)


def blocks(lines: int, old: Keys | None = None) -> Keys:
    """Room for so many lines, beginning at a cache line; what ``old`` holds stays where it was."""
    memory = np.zeros((lines + 1) * LINE, np.int64)
    start = (-memory.ctypes.data % 64) // 8
    cells = memory[start : start + lines * LINE]
    if old is not None:
        cells[: len(old.cells)] = old.cells
    return Keys(cells)
