"""Tokens: one for every way of writing a thing, none that two kinds share, none without the key."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feed import Personal
from ingest.pseudonym import PREFIX, KeyRefusedError, Pseudonymiser, load_or_create_key, one_form

P = Pseudonymiser(bytes(range(32)))


@pytest.mark.parametrize(
    ("kind", "ways", "form"),
    [
        (Personal.PHONE, ["13800000000", "+86 138 0000 0000", "0086-138-0000-0000", "86 13800000000", "013800000000",
                          "１３８００００００００", "(+86) 138.0000.0000", "＋８６１３８００００００００"],
         "13800000000"),
        (Personal.PHONE, ["+44 20 7946 0000", "0044 20 7946 0000"], "+442079460000"),
        (Personal.PHONE, ["010-6552 9988", "+86 010 65529988"], "01065529988"),
        (Personal.IDENTITY, ["33010219900101123x", "330102 19900101 123X", "３３０１０２１９９００１０１１２３Ｘ"],
         "33010219900101123X"),
        (Personal.CARD, ["6222 0200 0000 0001", "6222-0200-0000-0001", "6222020000000001"], "6222020000000001"),
        (Personal.CARD, ["de89 3704 0044", "DE8937040044"], "DE8937040044"),
        (Personal.NAME, ["王小明", "王 小明", " 王小明 ", "王\u3000小明"], "王小明"),
        (Personal.NAME, ["Li  Wei", "li wei", "ＬＩ　ＷＥＩ"], "li wei"),
        (Personal.STREET, ["中山路 3 号 502", "中山路３号502", "中山路3号 502"], "中山路3号502"),
        (Personal.STREET, ["12  Main St.", "12 MAIN st."], "12 main st."),
        (Personal.WAYBILL, ["sf1000000001", "SF 1000-000001"], "SF1000000001"),
    ],
)  # fmt: skip
def test_ways_of_writing_one_thing_give_one_token(kind: Personal, ways: list[str], form: str) -> None:
    assert {one_form(kind, w) for w in ways} == {form}
    assert len({P.token(kind, w) for w in ways}) == 1


def test_a_token_shows_its_kind_and_nothing_else() -> None:
    tokens = {kind: P.token(kind, "6222020000000001") for kind in Personal}
    assert len({t.split("_")[1] for t in tokens.values()}) == len(Personal)
    assert all(t.startswith(PREFIX[k]) and len(t) == len(PREFIX[k]) + 32 for k, t in tokens.items())
    assert len(set(PREFIX.values())) == len(Personal)


def test_another_key_gives_other_tokens() -> None:
    other = Pseudonymiser(bytes(32))
    assert other.token(Personal.PHONE, "13800000000") != P.token(Personal.PHONE, "13800000000")
    assert other.fingerprint != P.fingerprint


def test_a_token_of_today_is_a_token_of_tomorrow() -> None:
    assert P.token(Personal.PHONE, "13800000000") == "ph_" + _hmac("phone", "13800000000")


def _hmac(kind: str, form: str) -> str:
    import hashlib
    import hmac

    return hmac.new(bytes(range(32)), f"{kind}\0{form}".encode(), hashlib.sha256).hexdigest()[:32]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=20))
def test_a_column_gets_the_tokens_of_its_values(values: list[str | None]) -> None:
    expected = [None if v is None or not one_form(Personal.NAME, v) else P.token(Personal.NAME, v) for v in values]
    assert Pseudonymiser(bytes(range(32))).tokens(Personal.NAME, pa.array(values, pa.string())).to_pylist() == expected


def test_nothing_left_of_a_value_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(ValueError, match="no phone is left") as error:
        P.token(Personal.PHONE, "(--)")
    assert "(--)" not in str(error.value)


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    warnings: list[str] = []
    path = tmp_path / "home" / "tokens.key"
    key = load_or_create_key(path, warnings.append)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert key.hex() not in warnings[0]
    assert load_or_create_key(path, warnings.append) == key
    assert len(warnings) == 1
    assert [p.name for p in path.parent.iterdir()] == ["tokens.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "tokens.key"
    load_or_create_key(path, lambda _: None)
    path.chmod(mode)
    with pytest.raises(KeyRefusedError, match="chmod 600"):
        load_or_create_key(path, lambda _: None)


@pytest.mark.parametrize("content", ["", "zz", "00ff", "secret secret secret"])
def test_a_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyRefusedError) as error:
        load_or_create_key(path, lambda _: None)
    assert not content or content not in str(error.value)


def test_a_link_is_not_followed_to_a_key(tmp_path: Path) -> None:
    real = tmp_path / "real"
    load_or_create_key(real, lambda _: None)
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(KeyRefusedError):
        load_or_create_key(tmp_path / "link", lambda _: None)
