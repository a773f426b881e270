"""Which merchants any source has ever named: tells an unknown id from one that is not in the snapshot yet."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.model import EDGES, FACTS
from landing.tables import Landing, View

KIND = "Merchant"


class KnownMerchants:
    """Ids that landing names as merchants: described, at an end of an edge, or the subject of a fact.

    Nothing is read before the first question. After that a question costs a look at the folder of manifests, and
    only batches committed since are read. Ids are public names of shops; nothing personal is held.
    """

    def __init__(self, landing: Path) -> None:
        self._landing = Landing(landing, {})
        self._manifests = landing / "manifests"
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._read: set[str] = set()
        self._seen: tuple[int, int] | None = None

    def __contains__(self, merchant_id: object) -> bool:
        if merchant_id in self._ids:
            return True
        with self._lock:
            self._catch_up()
        return merchant_id in self._ids

    def _catch_up(self) -> None:
        try:
            state = self._manifests.stat()
        except FileNotFoundError:
            return
        mark = (state.st_ino, state.st_mtime_ns)
        if mark == self._seen:
            return
        fresh = [b for b in self._landing.batches() if b.batch_id not in self._read]
        for batch in fresh:
            self._ids |= _merchants(View(self._landing.root, {}, [batch]))
            self._read.add(batch.batch_id)
        self._seen = mark


def _merchants(view: View) -> set[str]:
    found: list[pa.ChunkedArray] = [pq.read_table(f, columns=["id"])["id"] for f in view.files(KIND)]
    for edge in EDGES:
        for end, place in (("src", 0), ("dst", 1)):
            if any(pair[place] == KIND for pair in edge.pairs):
                for file in view.files(edge.name):
                    rows = pq.read_table(file, columns=[end, f"{end}_kind"])
                    found.append(rows[end].filter(pc.equal(rows[f"{end}_kind"], KIND)))
    for fact in FACTS:
        if any(p.name == "merchant_id" for p in fact.properties):
            found += [pq.read_table(f, columns=["merchant_id"])["merchant_id"] for f in view.files(fact.name)]
    return {id_ for column in found for id_ in pc.unique(column).to_pylist() if id_ is not None}
