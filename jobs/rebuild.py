"""Rebuild: store and snapshot anew from landing, which is the truth."""

from __future__ import annotations

import shutil

from graph.store.open import open_store
from jobs.graph_store import RefreshError
from jobs.home import Home
from jobs.progress import Report, quiet
from jobs.refresh import Refreshed, refresh
from landing.tables import Landing


def rebuild(home: Home, now: int, as_of: int | None = None, report: Report = quiet) -> Refreshed:
    """Empty the store and make it, the snapshot, the findings and the features again from landing.

    Landing is checked first (every part against its sha256): a damaged landing is refused and nothing is thrown away.
    The published version is served until the new one is.
    """
    report("checking landing")
    wrong = Landing(home.landing, {}).verify()
    if wrong:
        raise RefreshError(f"landing is damaged, nothing was rebuilt: {'; '.join(wrong[:5])}")
    empty_store(home)
    return refresh(home, now, as_of, report=report)


def empty_store(home: Home) -> None:
    """Remove everything from the store: the files of an embedded one, what is ours on a server."""
    if not home.store_is_embedded:
        open_store(home.store_url, password=home.store_password, emptied=True).close()
    for path in home.store_files():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
