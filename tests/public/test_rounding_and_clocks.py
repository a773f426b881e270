"""Published doubles become money once, half to even; local times that happened twice are the first of the two."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ingest.public.clocks import first_of_two
from ingest.public.rounding import to_cents


@given(st.lists(st.floats(-1e15, 1e15, allow_nan=False), max_size=20))
def test_doubles_are_rounded_half_to_even_on_their_exact_text(amounts: list[float]) -> None:
    texts = [repr(a) for a in amounts]
    wanted = [Decimal(t).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN) for t in texts]
    assert [Decimal(t) for t in to_cents(pa.array(texts, pa.string())).to_pylist()] == wanted


def test_ties_go_to_the_even_cent() -> None:
    assert to_cents(pa.array(["0.125", "0.135", "-0.125", "2.675", "1e3", "7"])).to_pylist() == [
        "0.12",
        "0.14",
        "-0.12",
        "2.68",
        "1000.00",
        "7",
    ]


def test_what_is_no_amount_is_left_for_the_intake_to_refuse() -> None:
    odd = ["abc", "NaN", "Infinity", "1,234.50", "1" * 60, None]
    assert to_cents(pa.array(odd, pa.string())).to_pylist() == odd


ZONE = ZoneInfo("America/Sao_Paulo")


@given(st.datetimes(datetime(2015, 1, 1), datetime(2019, 12, 31)).map(lambda d: d.replace(microsecond=0)))
def test_only_times_that_happened_twice_gain_an_offset(local: datetime) -> None:
    one, other = (local.replace(tzinfo=ZONE, fold=f) for f in (0, 1))
    settled = first_of_two(pa.array([str(local)]), "America/Sao_Paulo")[0].as_py()
    exists = datetime.fromtimestamp(one.timestamp(), ZONE).replace(tzinfo=None) == local
    if exists and one.utcoffset() != other.utcoffset():
        assert datetime.fromisoformat(settled).timestamp() == one.timestamp()
    else:
        assert settled == str(local)


def test_the_hour_before_midnight_of_17_february_2018_is_read_in_summer_time() -> None:
    settled = first_of_two(pa.array(["2018-02-17 23:30:00", None, "no time"]), "America/Sao_Paulo").to_pylist()
    assert settled == ["2018-02-17T23:30:00.000-02:00", None, "no time"]
    assert datetime.fromisoformat(settled[0]).utcoffset() == timedelta(hours=-2)
