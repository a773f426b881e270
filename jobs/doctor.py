"""What an installation has and lacks."""

from __future__ import annotations

import platform
import stat
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from graph.model import landing_schemas
from graph.snapshot_files import current_version, read_manifest
from graph.store.contract import StoreError
from graph.store.open import open_store
from jobs.home import Home
from landing.tables import Landing
from records.database import open_records
from scoring.registry import serving

PACKAGES = ("ladybug", "duckdb", "pyarrow", "numba", "xgboost-cpu", "fastapi")


@dataclass(frozen=True)
class Check:
    """One thing looked at: what it is, whether it is as it should be, what was found, what to do if not."""

    name: str
    ok: bool
    found: str
    next_step: str | None = None


def examine(home: Home) -> list[Check]:
    """Look at packages, landing, store, snapshot, model, records and the key, without changing anything."""
    packages = PACKAGES if home.store_is_embedded else (*PACKAGES, "neo4j")
    checks = [Check("python", True, platform.python_version()), *(_package(p) for p in packages)]
    for name, look, next_step in (
        ("landing", _landing, "ringfence ingest SOURCE PATH"),
        ("store", _store, "ringfence refresh"),
        ("snapshot", _snapshot, "ringfence refresh"),
        ("model", _model, "ringfence train"),
        ("pseudonym key", _key, "ringfence ingest makes one; chmod 600 it"),
        ("records", _records, "ringfence keys create NAME"),
    ):
        checks.append(_checked(name, look, home, next_step))
    return checks


def _checked(name: str, look: Callable[[Home], str | None], home: Home, next_step: str) -> Check:
    try:
        found = look(home)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is what the doctor is asked for
        return Check(name, False, f"{type(error).__name__}: {error}", next_step)
    return Check(name, found is not None, found or "not there yet", None if found else next_step)


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        extra = "requirements-neo4j.txt" if name == "neo4j" else "requirements.txt"
        return Check(name, False, "not installed", f"pip install -r {extra}")


def _landing(home: Home) -> str | None:
    view = Landing(home.landing, landing_schemas()).view()
    rows = sum(p.rows for b in view.batches for p in b.parts if not p.table.startswith("receipts/"))
    return f"{len(view.batches)} batches, {rows:,} rows" if view.batches else None


def _store(home: Home) -> str | None:
    if home.store_is_embedded and not home.store_files():
        return None
    store = open_store(home.store_url, password=home.store_password)
    try:
        health = store.health()
        if not health.ok:
            raise StoreError(health.why, "the store does not answer")
        told = f"{health.engine} {health.version} answers in {health.took_ms:.0f} ms"
        return f"{told}, {'empty' if health.position is None else f'up to batch {health.position}'}"
    finally:
        store.close()


def _snapshot(home: Home) -> str | None:
    current = current_version(home.snapshots)
    if current is None:
        return None
    return f"version {current} as of {read_manifest(home.snapshots / current)['as_of']}"


def _model(home: Home) -> str | None:
    served = serving(home.models)
    return None if served is None else f"version {served.version}"


def _key(home: Home) -> str | None:
    if not home.pseudonym_key.exists():
        return None
    mode = stat.S_IMODE(home.pseudonym_key.stat().st_mode)
    if mode & 0o077:
        raise PermissionError(f"others may read it (mode {mode:o})")
    return "there, mode 600"


def _records(home: Home) -> str | None:
    open_records(home.records_url).dispose()
    return home.records_url.partition(":")[0]
