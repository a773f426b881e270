"""What is said of a URL or a password before any server is asked."""

from __future__ import annotations

import pytest

from graph.store.contract import StoreError
from graph.store.open import open_store


@pytest.mark.parametrize(
    ("url", "password", "code"),
    [
        ("neo4j://neo4j:secret@127.0.0.1:1", "x", "bad_url"),
        ("neo4j://", "x", "bad_url"),
        ("neo4j://127.0.0.1:1/other", "x", "bad_url"),
        ("neo4j://neo4j@127.0.0.1:1", None, "no_password"),
        ("http://127.0.0.1", "x", "bad_url"),
        ("bolt://neo4j@127.0.0.1:1", "secret", "store_away"),
    ],
)
def test_a_url_that_cannot_be_opened_is_a_coded_error_without_the_password(
    url: str, password: str | None, code: str
) -> None:
    pytest.importorskip("neo4j", reason="pip install -r requirements-neo4j.txt")
    with pytest.raises(StoreError) as caught:
        open_store(url, password=password)
    assert caught.value.code == code and "secret" not in str(caught.value)
