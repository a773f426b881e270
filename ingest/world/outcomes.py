"""Labels: delayed by months, missing for some, wrong for a few, now and then corrected."""

from __future__ import annotations

import numpy as np

from ingest.world.scene import Scene
from ingest.world.spec import DAY

SOURCES = ("collections", "repaid", "investigation")
COLLECTIONS, REPAID, INVESTIGATION = range(3)


def label(scene: Scene) -> None:
    """One label for most approved applications whose time has come; 90 to 270 days after they were made, some later."""
    rng, apps = scene.chance.of("labels"), scene.applications
    row = np.flatnonzero(apps["approved"])
    row = row[rng.random(len(row)) >= 0.1]
    n = len(row)
    bad = apps["failed"][row] > 0
    caught = ~bad & (scene.strain_total()[row] > 1.5) & (rng.random(n) < 0.12)  # found out though it was repaid
    decided = (
        apps["ts"][row] + np.where(bad, rng.uniform(125, 179, n), rng.uniform(180, 186, n) * 1.0).astype(np.int64) * DAY
    )
    decided = np.where(caught, apps["ts"][row] + (rng.uniform(60, 170, n) * DAY).astype(np.int64), decided)
    late = np.where(rng.random(n) < 0.06, rng.uniform(60, 150, n), rng.gamma(2.0, 9.0, n) + 1)
    known = np.maximum(decided + (late * DAY).astype(np.int64), apps["ts"][row] + 90 * DAY)
    value = bad | caught
    wrong = rng.random(n) < 0.012
    source = np.where(caught, INVESTIGATION, np.where(value ^ wrong, COLLECTIONS, REPAID))
    source = np.where(bad & (scene.strain_total()[row] > 1.5) & (rng.random(n) < 0.35), INVESTIGATION, source)
    number = rng.permutation(n)
    first = scene.labels.add(
        application=row, number=number, label=value ^ wrong, source=source, decided=decided, known=known
    )
    mended = first[wrong & (rng.random(n) < 0.5)]
    book = scene.labels
    scene.labels.add(
        application=book["application"][mended],
        number=book["number"][mended],
        label=1 - book["label"][mended],
        source=INVESTIGATION,
        decided=book["decided"][mended],
        known=book["known"][mended] + 45 * DAY,
    )
    scene.labels.keep(scene.labels["known"] < scene.calendar.end)
    scene.labels.keep(np.argsort(scene.labels["known"], kind="stable"))
