"""Times become epoch milliseconds; what the clocks of a zone make doubtful is told, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.faults import Faults
from ingest.times import TimeUnit, days, times
from ingest.zones import to_utc

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "America/St_Johns"]


def _times(
    texts: list[str], zone: str = "Asia/Shanghai", unit: TimeUnit = "iso"
) -> tuple[list[int | None], dict[int, str]]:
    faults = Faults(len(texts))
    values = times(pa.array(texts, pa.string()), zone, unit, "at", faults)
    return values.to_pylist(), {int(r): code for rows, _, code in faults.notes for r in rows}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2099, 12, 30)), min_size=1, max_size=20),
    st.integers(-14 * 4, 14 * 4),
)
def test_offsets_are_read_as_the_standard_library_reads_them(moments: list[datetime], quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    texts = [m.replace(tzinfo=zone).isoformat() for m in moments]
    values, codes = _times(texts)
    assert codes == {}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert values == [(datetime.fromisoformat(t) - epoch) // timedelta(milliseconds=1) for t in texts]


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(631_152_000, 4_000_000_000), min_size=1, max_size=50),
    st.integers(0, 7_200),
)
def test_local_times_agree_with_zoneinfo(zone: str, moments: list[int], near: int) -> None:
    place = ZoneInfo(zone)
    for moment in list(moments):  # the hours about a change of the clocks are what matters: look for one in the year
        for day in range(0, 366, 7):
            a, b = (datetime.fromtimestamp(moment + d * 86_400, place).utcoffset() for d in (day, day + 7))
            if a != b:
                moments.append(moment + day * 86_400 + near)
                break
    local = np.array(
        [int(datetime.fromtimestamp(m, place).replace(tzinfo=UTC).timestamp()) for m in moments], dtype=np.int64
    )
    utc, twice, never = to_utc(local * 1_000_000, zone)
    for i, seconds in enumerate(local.tolist()):
        naive = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        first, second = (naive.replace(tzinfo=place, fold=f) for f in (0, 1))
        differ = first.utcoffset() != second.utcoffset()
        there = first.astimezone(UTC).astimezone(place).replace(tzinfo=None) == naive
        assert (bool(twice[i]), bool(never[i])) == (differ and there, differ and not there)
        if not never[i]:
            assert utc[i] == int(first.timestamp()) * 1_000_000


def test_the_clocks_of_new_york() -> None:
    values, codes = _times(
        ["2025-03-09 02:30:00", "2025-11-02 01:30:00", "2025-11-02T01:30:00-05:00", "2025-03-09 03:00"],
        zone="America/New_York",
    )
    assert codes == {0: "time_nonexistent", 1: "time_ambiguous"}
    assert values[2:] == [1762065000000, 1741503600000]


def test_shanghai_had_summer_time_in_1990() -> None:
    _, codes = _times(["1990-04-15 02:30:00", "1990-09-16 01:30:00", "1992-04-15 02:30:00"])
    assert codes == {0: "time_nonexistent", 1: "time_ambiguous"}


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29", "2025-04-31", "2025-13-01", "2025-00-10", "2025-01-32", "1900-02-29", "2025-01-01T24:00:00Z",
        "2016-12-31T23:59:60Z", "2025-01-01T10:60", "01/02/2025", "2025/01/02", "20250102", "1740787200", "now", "NaT",
        "2025-01-01T10:00:00+15:00", "2025-01-01T10:00:00 +08:00", "2025-1-1", "２０２５-01-01x", "2025-01-01T",
        "2025-01-01T10:00:00+8", "2025-01-01T10:00:00.", "+2025-01-01", "2025-01-01T10",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    assert _times([text]) == ([None], {0: "time"})


def test_forms_that_are_times() -> None:
    texts = ["2024-02-29", "2025-03-01T10:00Z", "2025-03-01 10:00:00.1234567+0800", "2025-03-01T10:00:00-08"]
    values, codes = _times(texts)
    assert codes == {}
    assert values == [1709136000000, 1740823200000, 1740794400123, 1740852000000]


@pytest.mark.parametrize(
    ("unit", "text"), [("s", "1740787200.25"), ("ms", "1740787200250"), ("us", "1740787200250999")]
)
def test_epoch_times(unit: TimeUnit, text: str) -> None:
    assert _times([text], unit=unit) == ([1740787200250], {})
    assert _times(["2025-03-01"], unit=unit)[1] == {0: "time"}
    assert _times(["1e12"], unit=unit)[1] == {0: "time"}


def test_a_day_begins_at_its_first_moment() -> None:
    faults = Faults(3)
    got = days(pa.array(["2025-01-01", "2025-01-01T00:00", "2025-02-30"]), "Asia/Shanghai", "d", faults)
    assert got.to_pylist() == [1735660800000, None, None]
    # in Cairo the clocks went forward at midnight: the day began at one o'clock
    got = days(pa.array(["2023-04-28"]), "Africa/Cairo", "d", Faults(1))
    assert datetime.fromtimestamp(got[0].as_py() / 1000, ZoneInfo("Africa/Cairo")).hour == 1
