"""Keys: shown once, known by a hash, revocable."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from records import audit, keys
from records.errors import RecordsError


def _make(engine: Engine, *scopes: str) -> str:
    with engine.begin() as connection:
        return keys.create(connection, "origination", scopes or keys.SCOPES, 1_000, "user:ada")


def _check(engine: Engine, key: str) -> keys.Key | None:
    with engine.begin() as connection:
        return keys.check(connection, key)


def test_a_key_opens_with_the_scopes_it_was_given(engine: Engine) -> None:
    found = _check(engine, _make(engine, "read", "score"))
    assert found is not None
    assert found.scopes == ("read", "score")
    assert found.name == "origination"
    assert found.last_used_ts is None


def test_the_secret_is_nowhere_in_the_files(engine: Engine) -> None:
    key = _make(engine)
    secret = key.split("_", 2)[2]
    engine.dispose()
    folder = Path(engine.url.database or "").parent
    kept = b"".join(p.read_bytes() for p in folder.iterdir())
    assert key.split("_")[1].encode() in kept  # the id is there: the search can find something
    assert secret.encode() not in kept


def test_changed_unknown_and_malformed_keys_are_refused(engine: Engine) -> None:
    key = _make(engine)
    other = _make(engine)
    swapped = "_".join([*key.split("_", 2)[:2], other.split("_", 2)[2]])
    flipped = key[:-1] + ("A" if key[-1] != "A" else "B")
    unknown = "rf_" + "0" * 12 + "_" + key.split("_", 2)[2]
    for wrong in (
        "",
        "rf_",
        swapped,
        flipped,
        unknown,
        key + "A",
        key.upper(),
        " " + key,
        "\ud800",
        "rf_%_%",
        "x" * 9999,
    ):
        assert _check(engine, wrong) is None


def test_a_revoked_key_is_refused_at_once_and_cannot_be_revoked_twice(engine: Engine) -> None:
    key = _make(engine)
    key_id = key.split("_")[1]
    with engine.begin() as connection:
        keys.revoke(connection, key_id, 2_000, "user:ada")
    assert _check(engine, key) is None
    with engine.begin() as connection, pytest.raises(RecordsError, match="no live key"):
        keys.revoke(connection, key_id, 3_000, "user:ada")


def test_making_and_revoking_leave_audit_entries_without_the_secret(engine: Engine) -> None:
    key = _make(engine)
    key_id = key.split("_")[1]
    with engine.begin() as connection:
        keys.revoke(connection, key_id, 2_000, "user:bob")
        noted = audit.entries(connection, f"key:{key_id}")
    assert [(e.action, e.actor, e.ts) for e in noted] == [
        ("key.revoke", "user:bob", 2_000),
        ("key.create", "user:ada", 1_000),
    ]
    assert key.split("_", 2)[2] not in str(noted)


def test_last_use_is_noted_at_most_once_a_minute_and_never_goes_back(engine: Engine) -> None:
    key = _check(engine, _make(engine))
    assert key is not None
    assert keys.use_to_note(key, 5_000)
    with engine.begin() as connection:
        keys.note_use(connection, key, 5_000)
        keys.note_use(connection, key, 4_000)
        (listed,) = keys.list_keys(connection)
    assert listed.last_used_ts == 5_000
    assert not keys.use_to_note(listed, 64_999)
    assert keys.use_to_note(listed, 65_000)


@pytest.mark.parametrize(
    ("name", "scopes"), [("", ["read"]), ("   ", ["read"]), ("a" * 129, ["read"]), ("a", []), ("a", ["root"])]
)
def test_a_key_without_a_name_or_with_unknown_scopes_is_not_made(engine: Engine, name: str, scopes: list[str]) -> None:
    with engine.begin() as connection, pytest.raises(RecordsError):
        keys.create(connection, name, scopes, 0, "user:ada")
