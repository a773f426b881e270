"""The home folder and the store may be named before the command or after it."""

from __future__ import annotations

import pytest

from api.cli.anywhere import in_front

URL = "neo4j://neo4j@127.0.0.1:7687"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ask --list", "ask --list"),
        (f"--home H ask q --store {URL} --param k=1", f"--home H --store {URL} ask q --param k=1"),
        (f"export --store={URL} --home=H --out f", f"--store {URL} --home H export --out f"),
        ("refresh --no-store", "refresh --no-store"),
        ("refresh --store --as-of latest", "refresh --store --as-of latest"),
        (f"refresh --store {URL}", f"--store {URL} refresh"),
        ("--home A ask --home B", "--home A --home B ask"),
        ("ask -- --home B", "ask -- --home B"),
        ("ask --home", "ask --home"),
    ],
)
def test_options_of_everything_come_first_and_the_rest_keeps_its_order(words: str, expected: str) -> None:
    assert in_front(words.split()) == expected.split()
