"""Keys of programs that call the service: shown once when made, known afterwards only by a hash.

A key reads ``rf_<id>_<secret>``. The secret is 256 random bits, so a plain SHA-256 of it cannot be guessed from: slow
hashes such as scrypt protect secrets that people choose, and would only slow every request down here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from records.audit import note
from records.errors import RecordsError
from records.tables import api_keys

Scope = Literal["score", "read", "metrics", "rules", "approve", "events", "alerts"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a key may do: ask for scores; read clusters, subgraphs and decisions; read metrics; read, propose and try rule
sets; bring them into force and take them back; send events and ask about transfers; acknowledge, snooze, assign
alerts."""

_FORM = re.compile(r"rf_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"ringfence: compared with when there is no such key").hexdigest()
_USED_EVERY = 60_000  # last use is noted once a minute, not on every request


@dataclass(frozen=True)
class Key:
    """A key as it is known: never its secret. Times in epoch ms."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_ts: int
    revoked_ts: int | None
    last_used_ts: int | None


def create(connection: Connection, name: str, scopes: Iterable[str], now: int, actor: str) -> str:
    """Make a key and give it back in clear, the only time it can be had. Noted in the audit.

    Raises RecordsError when the name is empty or too long, or a scope is not one of SCOPES.
    """
    wanted = sorted(set(scopes))
    unknown = [s for s in wanted if s not in SCOPES]
    if unknown or not wanted:
        raise RecordsError(f"a key needs scopes out of {', '.join(SCOPES)}")
    if not name.strip() or len(name) > 128 or not name.isprintable():
        raise RecordsError("a key needs a name of 1 to 128 plain characters, such as the program that will use it")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    connection.execute(
        insert(api_keys).values(
            key_id=key_id, name=name.strip(), secret_hash=_hash(secret), scopes=wanted, created_ts=now
        )
    )
    note(connection, actor, "key.create", f"key:{key_id}", now, {"name": name.strip(), "scopes": wanted})
    return f"rf_{key_id}_{secret}"


def check(connection: Connection, presented: str) -> Key | None:
    """The key that was presented, or None when it is malformed, unknown, wrong or revoked: which is not told.

    The comparison takes the same time wherever secrets differ, and is made for unknown ids as well.
    """
    form = _FORM.fullmatch(presented)
    key_id, secret = (form[1], form[2]) if form else ("", presented)
    row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).mappings().first()
    same = hmac.compare_digest(_hash(secret), row["secret_hash"] if row else _NOBODY)
    return _key(row) if row and same and row["revoked_ts"] is None else None


def use_to_note(key: Key, now: int) -> bool:
    """Whether the last use on record is old enough to be written again."""
    return key.last_used_ts is None or now - key.last_used_ts >= _USED_EVERY


def note_use(connection: Connection, key: Key, now: int) -> None:
    """Write down when a key was last used; an earlier time never replaces a later one."""
    earlier = or_(api_keys.c.last_used_ts.is_(None), api_keys.c.last_used_ts < now)
    connection.execute(update(api_keys).where(api_keys.c.key_id == key.key_id, earlier).values(last_used_ts=now))


def revoke(connection: Connection, key_id: str, now: int, actor: str) -> None:
    """End a key, from the next request on. Noted in the audit. Raises RecordsError when there is no such live key."""
    live = api_keys.c.key_id == key_id, api_keys.c.revoked_ts.is_(None)
    if connection.execute(update(api_keys).where(*live).values(revoked_ts=now)).rowcount == 0:
        raise RecordsError(f"there is no live key {key_id!r}: see `ringfence keys list`")
    note(connection, actor, "key.revoke", f"key:{key_id}", now)


def list_keys(connection: Connection) -> list[Key]:
    """Every key ever made, oldest first."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_ts, api_keys.c.key_id)).mappings()
    return [_key(r) for r in rows]


def _key(row: RowMapping) -> Key:
    return Key(
        key_id=row["key_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        created_ts=row["created_ts"],
        revoked_ts=row["revoked_ts"],
        last_used_ts=row["last_used_ts"],
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(b"ringfence key v1\0" + secret.encode("utf-8", "surrogatepass")).hexdigest()
