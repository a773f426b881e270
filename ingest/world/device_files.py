"""Which devices buyers, shops and owners signed in on, as the platforms sum it up."""

from __future__ import annotations

import numpy as np

from ingest.sources.platform import DEVICES
from ingest.world.book import Book
from ingest.world.chance import Int
from ingest.world.files import Files, hours_later
from ingest.world.letters import numbers, picked, times, words
from ingest.world.scene import BUYER, MERCHANT, PARTIES, PERSON, Scene
from ingest.world.spec import DAY
from ingest.world.texts import Texts, sometimes_blank

DEVICE_TYPES = ("phone", "tablet", "desktop")
HALF_YEAR = 182 * DAY


def write_devices(scene: Scene, texts: Texts, files: Files) -> None:
    """A row when a pair is first seen, for buyers another at the end of each half year with orders from it."""
    rng = scene.chance.of("device files")
    book = Book(kind=BUYER, subject=0, device=0, first=0, last=0, times=1, known=0)
    _buyers(scene, rng, book)
    _staff(scene, rng, book)
    kind = book["kind"]
    files.write(
        DEVICES,
        book["known"],
        {
            "subject_kind": words(PARTIES, kind),
            "subject_id": texts.id(kind, book["subject"]),
            "subject_identity": texts.identity(kind, book["subject"]),
            "device_id": picked(texts.device, book["device"]),
            "device_type": sometimes_blank(rng, words(DEVICE_TYPES, scene.devices["kind"][book["device"]]), 0.03),
            "first_seen": times(book["first"]),
            "last_seen": times(book["last"]),
            "times": numbers(book["times"]),
        },
    )


def _buyers(scene: Scene, rng: np.random.Generator, book: Book) -> None:
    orders, width = scene.orders, len(scene.devices)
    used = np.flatnonzero(orders["device"] >= 0)  # in the order of time, as the orders stand
    ts = orders["ts"][used]
    pair, first, of_pair = np.unique(
        orders["buyer"][used] * width + orders["device"][used], return_index=True, return_inverse=True
    )
    book.add(
        subject=pair // width, device=pair % width, first=ts[first], last=ts[first], known=hours_later(rng, ts[first])
    )
    half = of_pair * 16 + (ts - scene.calendar.start) // HALF_YEAR
    key, count = np.unique(half, return_counts=True)
    last = np.zeros(len(key), np.int64)
    np.maximum.at(last, np.searchsorted(key, half), ts)
    which, total = key // 16, _running(key // 16, count)
    report = scene.calendar.start + (key % 16 + 1) * HALF_YEAR
    more = (total > 1) & (last > ts[first[which]])  # two orders of one second leave one sighting
    book.add(
        subject=pair[which[more]] // width,
        device=pair[which[more]] % width,
        first=ts[first[which[more]]],
        last=last[more],
        times=total[more],
        known=hours_later(rng, report[more]),
    )


def _running(group: Int, count: Int) -> Int:
    """Sums of the counts so far within each group; groups stand together."""
    before = np.cumsum(count) - count
    return before + count - before[np.searchsorted(group, group)]


def _staff(scene: Scene, rng: np.random.Generator, book: Book) -> None:
    """Shops sign in on the devices of their staff; two owners in five on one of them too."""
    staff = scene.staff_devices
    first = staff["since"] + DAY
    last = np.maximum(scene.calendar.start, first) + (rng.random(len(staff)) * 60 * DAY).astype(np.int64)
    known = hours_later(rng, last)
    often = rng.poisson(40, len(staff)) + 1
    book.add(
        kind=MERCHANT, subject=staff["shop"], device=staff["device"], first=first, last=last, times=often, known=known
    )
    owner = scene.shops["owner"][staff["shop"]]
    own = np.unique(owner, return_index=True)[1]
    own = own[rng.random(len(own)) < 0.4]
    book.add(
        kind=PERSON,
        subject=owner[own],
        device=staff["device"][own],
        first=first[own],
        last=last[own],
        times=often[own] // 2 + 1,
        known=known[own],
    )
