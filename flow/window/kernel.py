"""The engine's pass over sorted events: whoever leaves leaves, whoever enters enters, then rules are judged, once.

::

    log    tail                cursor 24h        cursor 1h   seq
            |                   |                 |           |
    rows   [r0 r1 r2 ......... r40 .............. r97 ...... r99]      windows of all keys at once: rows leave each
            '---- 30 d ----------------------------------------'       window in the order in which they came, so one
                                '---- 24 h --------------------'       cursor for each length gives every moment at
                                                  '---- 1 h ---'       which anything leaves, for whatever key

A moment is a millisecond at which some row leaves or enters. The keys it touches are gathered with the changes they
saw; then each is judged by the rules that such changes can turn (``flow.conditions.change``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from flow.window.ahead import ROWS_IN, ROWS_OUT, ask_entering, ask_leaving
from flow.window.chains import forget, link
from flow.window.layout import (
    ADDRESS,
    AMOUNT,
    CLASS,
    COLUMN_SORT,
    CURRENCY,
    GIVEN,
    HOUR_SHIFT,
    LATER,
    LOG,
    LOOP,
    MENTION,
    MERCHANT,
    NOTES,
    PAYEE,
    PLACE,
    POINTER,
    POPPED,
    SLOT_KIND,
    SLOTS,
    STAMP,
    TRANSFER_IN,
    TRUE,
    TS,
    WINDOWS,
    Int32,
    Int64,
)
from flow.window.machine import judge
from flow.window.memory import JUDGED, MOMENT, SEQ, TOUCHED, Keys, Log, Plan, RulePlan, State, Tables
from flow.window.passing import add, enter, leave
from graph.source_version import source_version

_CLASSES = LOOP + 1
_EVENT = (1 << HOUR_SHIFT) - 1

# A touched key: its handle, kind, the rules that can have risen and that can have changed, its first item. An item: a
# row that left a window (its place) or entered (ENTERED), and the next item.
HANDLE, KIND, RISES, DEPENDS, ITEMS = range(5)
ENTERED = -1

# An edge: moment, key, kind, rule (its bit); whether it rose as rows left, how many rows may have made it rise.
E_TS, E_HANDLE, E_KIND, E_RULE, E_LEAVES, E_ROWS = range(6)

Answer = tuple[Int64, Int64, Int64, Int64]
"""Edges [n, 6]; the rows behind them, edge after edge; the cells that their rules read, edge after edge; and rows that
left the log, with an id that they mentioned: its handle and its sort [n, 3]."""


@njit
def _more(array: Int64) -> Int64:
    found = np.empty((2 * len(array), array.shape[1]), np.int64)
    found[: len(array)] = array
    return found


@njit(forceinline=True, _nrt=False)
def _touch(
    cells: Int64, handle: int, kind: int, rises: int, depends: int, row: int, window: int,
    run: Int64, touched: Int64, items: Int64, counts: Int64,
) -> None:  # fmt: skip
    """Remember that a key has changed, how, and by which row. ``counts``: of touched keys and of items."""
    base = handle * 8
    at = cells[base + PLACE]
    if cells[base + STAMP] != run[MOMENT]:
        at = counts[0]
        counts[0] += 1
        cells[base + STAMP] = run[MOMENT]
        cells[base + PLACE] = at
        touched[at, HANDLE], touched[at, KIND] = handle, kind
        touched[at, RISES], touched[at, DEPENDS], touched[at, ITEMS] = rises, depends, -1
    else:
        touched[at, RISES] |= rises
        touched[at, DEPENDS] |= depends
    items[counts[1], 0], items[counts[1], 1], items[counts[1], 2] = row, window, touched[at, ITEMS]
    touched[at, ITEMS] = counts[1]
    counts[1] += 1


def _compile(version: int) -> Callable[..., Answer]:
    """The kernel for one version of the sources (graph.source_version)."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def advance(
        plan: Plan, rules: RulePlan, log: Log, keys: Keys, tables: Tables, state: State,
        ts: Int64, amount: Int64, given: Int32, watermark: int, quiet: bool,
    ) -> Answer:  # fmt: skip
        """Take sorted events (all with ts <= watermark that there are) and judge every moment up to the watermark.

        ``given`` [n, GIVEN]: the columns MERCHANT to CLASS of a row. The log has room for all of them, and so have the
        tables. ``quiet``: keep the windows, judge nothing.
        """
        cursors, lengths, run = state.cursors, state.lengths, state.run
        words, halves, pointers = log.words, log.halves, log.pointers
        cells, values, names, name_counts = keys.cells, tables.values, tables.names, tables.counts
        kept, longest, lines, spans = plan.kept, plan.longest, plan.lines, plan.spans
        adds, adds_at, other, more = plan.adds, plan.adds_at, plan.other, plan.more
        keeps, tops, pointer_at = plan.keeps, plan.tops, plan.pointers
        rises, depends, empty, code = rules.rises, rules.depends, rules.empty, rules.code
        read, told_at, told_cells = rules.windows, rules.cells_at, rules.cells
        mask = len(words) - 1
        if version < 0:  # never; see graph.source_version
            mask = 0
        never = np.int64(1) << 62
        seq = run[SEQ]
        due = np.empty(LOG + 1, np.int64)
        for w in range(LOG + 1):
            due[w] = words[cursors[w] & mask, TS] + lengths[w] if lengths[w] and cursors[w] < seq else never
        before = np.empty(NOTES, np.int64)
        touched, items, counts = np.empty((4096, 5), np.int64), np.empty((4096, 3), np.int64), np.zeros(2, np.int64)
        edges, rows = np.empty((256, 6), np.int64), np.empty((256, 1), np.int64)
        told, freed = np.empty((1024, 1), np.int64), np.empty((256, 3), np.int64)
        n_edges = n_rows = n_told = n_freed = 0
        cells_at = np.int64(cells.ctypes.data)
        values_at = np.int64(values.ctypes.data)
        i = 0
        while True:
            now = ts[i] if i < len(ts) else never
            for w in range(LOG + 1):
                now = min(now, due[w])
            if now > watermark:
                break
            run[MOMENT] += 1
            counts[:] = 0
            for w in range(WINDOWS):
                while due[w] <= now:
                    if counts[0] + SLOTS > len(touched):
                        touched = _more(touched)
                    if counts[1] + SLOTS > len(items):
                        items = _more(items)
                    row = cursors[w] & mask
                    if cursors[w] + ROWS_OUT < seq:
                        ask_leaving(halves, (cursors[w] + ROWS_OUT) & mask, w, kept, spans, cells_at)
                    pointer = (cursors[w] & POINTER) + 1
                    for slot in range(SLOTS):
                        kind = SLOT_KIND[slot]
                        handle = np.int64(halves[row, MERCHANT + slot])
                        if not handle or not kept[kind, w]:
                            continue
                        event = int(halves[row, CLASS]) & _EVENT
                        hour = np.int64(halves[row, CLASS]) >> HOUR_SHIFT
                        if slot == PAYEE - MERCHANT:
                            event = TRANSFER_IN
                        money, currency = words[row, AMOUNT], np.int64(halves[row, CURRENCY])
                        add(adds, adds_at, cells, handle * 8, kind, w, event, hour, money, currency, -1)
                        if event != LOOP:
                            if more[kind, w]:
                                leave(
                                    other, pointer_at, words, halves, pointers, cells, names, name_counts, run,
                                    kind, w, slot, row, pointer,
                                )  # fmt: skip
                            if w == longest[kind]:
                                forget(
                                    keeps, tops, pointer_at, words, halves, pointers, cells, values, run,
                                    kind, slot, row, pointer,
                                )  # fmt: skip
                        change = _CLASSES + w * _CLASSES + event
                        if not quiet:  # also where it turns no rule: it may be the one that an edge names
                            up, moved = rises[kind, change], depends[kind, change]
                            _touch(cells, handle, kind, up, moved, cursors[w], w, run, touched, items, counts)
                    cursors[w] += 1
                    due[w] = words[cursors[w] & mask, TS] + lengths[w] if cursors[w] < seq else never
            while due[LOG] <= now:
                row = cursors[LOG] & mask
                if n_freed + SLOTS + 2 > len(freed):
                    freed = _more(freed)
                for column in range(MERCHANT, ADDRESS + 1):
                    handle = np.int64(halves[row, column])
                    if handle and cells[handle * 8 + MENTION] == cursors[LOG] + 1:
                        freed[n_freed, 0], freed[n_freed, 1] = cursors[LOG], handle
                        freed[n_freed, 2] = COLUMN_SORT[column - MERCHANT]
                        n_freed += 1
                cursors[LOG] += 1
                due[LOG] = words[cursors[LOG] & mask, TS] + lengths[LOG] if cursors[LOG] < seq else never
            while i < len(ts) and ts[i] == now:
                if counts[0] + SLOTS > len(touched):
                    touched = _more(touched)
                if counts[1] + SLOTS > len(items):
                    items = _more(items)
                if i + ROWS_IN < len(ts):
                    soon = i + ROWS_IN
                    ask_entering(given, soon, amount[soon], keeps, lines, values, cells_at, values_at)
                row = seq & mask
                pointer = (seq & POINTER) + 1
                words[row, TS], words[row, AMOUNT] = now, amount[i]
                for column in range(GIVEN):
                    halves[row, MERCHANT + column] = given[i, column]
                halves[row, LATER] = halves[row, POPPED] = 0
                for column in range(pointers.shape[1]):
                    pointers[row, column] = 0
                event = int(given[i, CLASS - MERCHANT])
                hour = ((now + plan.offset_ms) // 3_600_000) % 24
                halves[row, CLASS] = event | (hour << HOUR_SHIFT)
                for column in range(MERCHANT, ADDRESS + 1):
                    handle = np.int64(halves[row, column])
                    if handle:
                        cells[handle * 8 + MENTION] = seq + 1
                for slot in range(SLOTS):
                    kind = SLOT_KIND[slot]
                    handle = np.int64(halves[row, MERCHANT + slot])
                    if not handle or longest[kind] < 0:
                        continue
                    seen = event
                    if slot == PAYEE - MERCHANT:
                        seen = TRANSFER_IN
                    if seen != LOOP:
                        link(
                            keeps, tops, pointer_at, words, halves, pointers, cells, values, run,
                            kind, slot, row, pointer, before,
                        )  # fmt: skip
                    currency = np.int64(halves[row, CURRENCY])
                    for w in range(WINDOWS):
                        if kept[kind, w]:
                            add(adds, adds_at, cells, handle * 8, kind, w, seen, hour, amount[i], currency, 1)
                            if seen != LOOP and more[kind, w]:
                                start = now - lengths[w]
                                enter(
                                    other, words, halves, cells, names, name_counts, run,
                                    kind, w, slot, row, pointer, start, before,
                                )  # fmt: skip
                    if not quiet:
                        up, moved = rises[kind, seen], depends[kind, seen]
                        _touch(cells, handle, kind, up, moved, seq, ENTERED, run, touched, items, counts)
                for w in range(LOG + 1):
                    if cursors[w] == seq and lengths[w]:
                        due[w] = now + lengths[w]
                seq += 1
                i += 1
            run[TOUCHED] += counts[0]
            for j in range(counts[0]):
                handle, kind = touched[j, HANDLE], touched[j, KIND]
                base = handle * 8
                was = cells[base + TRUE] ^ empty[kind]
                asked = (was & touched[j, DEPENDS]) | (~was & touched[j, RISES])
                if not asked:
                    continue
                run[JUDGED] += 1
                true = judge(code[kind], asked, cells_at + base * 8)
                cells[base + TRUE] = ((was & ~asked) | true) ^ empty[kind]
                rose = true & ~was
                rule = 0
                while rose:
                    if rose & 1:
                        if n_edges == len(edges):
                            edges = _more(edges)
                        n_before = n_rows
                        loops = (read[kind, rule] >> WINDOWS) & 1  # to rules that do not count them they are no events
                        leaves = 1
                        for entering in (True, False):
                            item = touched[j, ITEMS] if entering or leaves else -1
                            while item >= 0:
                                w = items[item, 1]
                                event = int(halves[items[item, 0] & mask, CLASS]) & _EVENT
                                wanted = w == ENTERED if entering else w >= 0 and (read[kind, rule] >> w) & 1 != 0
                                if wanted and (loops or event != LOOP):
                                    if entering:
                                        leaves = 0
                                    if n_rows == len(rows):
                                        rows = _more(rows)
                                    rows[n_rows, 0] = items[item, 0]
                                    n_rows += 1
                                item = items[item, 2]
                        edges[n_edges, E_TS], edges[n_edges, E_HANDLE] = now, handle
                        edges[n_edges, E_KIND], edges[n_edges, E_RULE] = kind, rule
                        edges[n_edges, E_LEAVES], edges[n_edges, E_ROWS] = leaves, n_rows - n_before
                        n_edges += 1
                        for c in range(told_at[kind, rule, 0], told_at[kind, rule, 1]):
                            if n_told == len(told):
                                told = _more(told)
                            told[n_told, 0] = cells[base + told_cells[c]]
                            n_told += 1
                    rose = (rose >> 1) & 0x7FFFFFFFFFFFFFFF
                    rule += 1
            run[SEQ] = seq
        return edges[:n_edges], rows[:n_rows, 0], told[:n_told, 0], freed[:n_freed]

    return advance


_PARTS = ("ahead", "chains", "kernel", "layout", "machine", "memory", "passing", "tables")
advance = _compile(source_version(__file__, *_PARTS))


@njit(cache=True)
def judge_all(rules: RulePlan, keys: Keys, handles: Int64, kind: int) -> None:
    """Set which rules are TRUE now of each of these keys, all of one kind."""
    for handle in handles:
        block = np.int64(keys.cells.ctypes.data) + handle * 64
        true = judge(rules.code[kind], np.int64(-1), block)
        keys.cells[handle * 8 + TRUE] = true ^ rules.empty[kind]


@njit(cache=True)
def release(keys: Keys, lines: Int64, freed: Int64) -> None:
    """Of rows that left the log and ids they mentioned: clear the ids' blocks where no newer row mentions them, and
    say 0 instead of the others. ``lines`` [sort]: of a block."""
    for i in range(len(freed)):
        handle = freed[i, 1]
        if keys.cells[handle * 8 + MENTION] != freed[i, 0] + 1:
            freed[i, 1] = 0
        else:
            keys.cells[handle * 8 : (handle + lines[freed[i, 2]]) * 8] = 0
