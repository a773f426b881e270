"""Why a command could not run, for the person who called it: a code, a sentence, a next step, and no traceback.

Of errors that are not ours only the type, the file and the place in the program are told: their text may hold a value
of the data.
"""

from __future__ import annotations

import errno
import sqlite3
import traceback
from pathlib import Path

from api.cli.say import Fault

OURS = {"api", "jobs", "flow", "policy", "scoring", "gnn", "ingest", "records", "graph", "landing", "cypher"}
"""Packages whose own exceptions say what is wrong and what to do."""

_ROOT = Path(__file__).parent.parent.parent
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


def fault_of(error: BaseException) -> Fault:
    """An exception as what is told of it."""
    package = _package(error)
    if package in OURS:
        code = getattr(error, "code", None)
        return Fault(code if isinstance(code, str) else type(error).__name__, str(error))
    if isinstance(error, OSError):
        return _of_files(error)
    if isinstance(error, MemoryError):
        return Fault("memory", "there is not enough memory for this", "give it less data, or more memory")
    if package in ("pydantic", "pydantic_core", "pydantic_settings"):
        return Fault("settings", _settings(error), "the variables are named RINGFENCE_...; see docs/api.md")
    if package == "sqlalchemy":
        return Fault("records", f"the records cannot be used: {_database(error)}", "ringfence doctor")
    if package in ("pyarrow", "json", "duckdb", "xgboost"):
        return Fault("damaged", f"a file cannot be read: {_what(error)}", "ringfence doctor, then ringfence rebuild")
    return Fault("internal", f"a fault of this program: {_what(error)}", "report this line; ringfence doctor")


def _package(error: BaseException) -> str:
    return type(error).__module__.split(".")[0]


def _of_files(error: OSError) -> Fault:
    named = " ".join(str(n) for n in (error.filename, error.filename2) if n is not None)
    why = error.strerror or type(error).__name__
    message = f"{named}: {why}" if named else f"{why} ({_place(error)})"
    if error.errno in _FULL:
        return Fault("disk_full", message, "free some space and run the same command again")
    if error.errno in _NOT_ALLOWED:
        return Fault("not_permitted", message, "let this user read and write there, or name another --home")
    return Fault("file", message, "check the path, and --home")


def _database(error: BaseException) -> str:
    """SQLite says what is wrong with its file without a value; of other databases only the type is told."""
    own = getattr(error, "orig", None)
    safe = isinstance(own, sqlite3.DatabaseError) and not isinstance(own, sqlite3.IntegrityError)
    return str(own) if safe else _what(error)


def _settings(error: BaseException) -> str:
    told = getattr(error, "errors", None)
    if not callable(told):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in told(include_input=False, include_url=False)
    )


def _what(error: BaseException) -> str:
    return f"{type(error).__name__} in {_place(error)}"


def _place(error: BaseException) -> str:
    """The innermost place in this program, and below it where the exception came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(_ROOT) and "site-packages" not in f.filename]
    if not own:
        return "an unknown place"
    return f"{Path(own[-1].filename).relative_to(_ROOT)}:{own[-1].lineno} {own[-1].name}"
