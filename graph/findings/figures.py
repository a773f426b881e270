"""Figures as people read them, in English and Chinese."""

from __future__ import annotations

from graph.currencies import DECIMALS

HOUR = 3_600_000
DAY = 24 * HOUR

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def money(amount: int, currency: str) -> str:
    """Minor units as ``1,234.50 CNY``, the same in both languages; whole units from a thousand on."""
    digits = DECIMALS.get(currency, 2)
    whole = amount / 10**digits
    return f"{whole:,.0f} {currency}".strip() if abs(whole) >= 1000 else f"{whole:,.{digits}f} {currency}".strip()


def percent(share: float) -> str:
    """A share as ``63 %``; below one percent with a decimal."""
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1f} %"


def count_en(n: int, one: str, many: str | None = None) -> str:
    """``two loops``; numbers below ten in words."""
    number = _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"
    return f"{number} {one if n == 1 else many or one + 's'}"


def span_en(ms: int) -> str:
    """A time span: hours below two days, else days."""
    if ms < HOUR:
        return "less than an hour"
    if ms < 2 * DAY:
        return count_en(round(ms / HOUR), "hour")
    return count_en(-(-ms // DAY), "day")


def span_zh(ms: int) -> str:
    """The same in Chinese."""
    if ms < HOUR:
        return "不到 1 小时"
    if ms < 2 * DAY:
        return f"{round(ms / HOUR)} 小时"
    return f"{-(-ms // DAY)} 天"
