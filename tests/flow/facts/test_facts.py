"""The vocabulary: which names there are, for which keys, and what they say."""

from __future__ import annotations

import pytest

from flow.facts import KINDS, MEASURES, WINDOWS, catalogue, fact


def test_every_name_of_the_catalogue_is_found_again() -> None:
    for kind, facts in catalogue().items():
        assert kind in KINDS
        for name, found in facts.items():
            assert found.name == name == fact(kind, name).name
            assert found.measure in MEASURES and kind in MEASURES[found.measure].kinds
            assert found.meaning_en and found.meaning_zh and found.unit


def test_names_of_other_currencies_are_found_and_not_listed() -> None:
    facts = catalogue()["account"]
    assert facts["sum_usd_24h"].currency == "USD"
    assert facts["sum_out_jpy_daily_mean_30d"].unit == "minor units of JPY a day"
    assert "sum_usd_24h" in facts and "sum_usd_24h" not in list(facts)


def test_sum_out_is_a_measure_and_no_currency() -> None:
    assert fact("account", "sum_out_24h").measure == "sum_out"
    assert fact("account", "sum_out_24h").currency is None
    assert fact("account", "sum_out_usd_24h").measure == "sum_out"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("account", "buyers_24h"),
        ("account", "orders_24h"),
        ("merchant", "counterparties_7d"),
        ("merchant", "buyers_daily_mean_30d"),
        ("merchant", "max_daily_mean_30d"),
        ("merchant", "orders_2h"),
        ("merchant", "sum_xyz_24h"),
        ("merchant", "orders_usd_24h"),
        ("merchant", "Orders_24h"),
        ("shop", "orders_24h"),
        ("merchant", ""),
        ("merchant", "orders_24h "),
    ],
)
def test_what_makes_no_sense_is_no_fact(kind: str, name: str) -> None:
    with pytest.raises(KeyError):
        fact(kind, name)
    if kind in KINDS:
        assert catalogue()[kind].get(name) is None


def test_counts_are_whole_and_zero_without_events_and_shares_are_null() -> None:
    assert (fact("merchant", "orders_24h").type, fact("merchant", "orders_24h").nullable) == ("integer", False)
    assert (fact("merchant", "refund_rate_7d").type, fact("merchant", "refund_rate_7d").nullable) == ("number", True)
    mean = fact("merchant", "orders_daily_mean_30d")
    assert (mean.type, mean.nullable, mean.window_ms, mean.daily) == ("number", False, WINDOWS["30d"], True)
    assert fact("merchant", "sum_daily_mean_30d").nullable


def test_meanings_read_as_sentences_in_both_languages() -> None:
    assert fact("merchant", "orders_24h").meaning_en == "Orders, last 24 hours"
    assert fact("merchant", "orders_24h").meaning_zh == "近24小时订单数"
    assert fact("merchant", "orders_daily_mean_30d").meaning_en == "Orders: daily mean of the last 30 days"
    assert fact("buyer", "max_usd_1h").meaning_en == "Largest amount of any event, in USD, last hour"
