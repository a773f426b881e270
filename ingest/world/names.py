"""Names, streets, numbers: as real files have them, and all invented.

Identity numbers and licences carry valid check characters but county codes that do not exist; mobile numbers use a
prefix that no carrier has.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.world.chance import Int, scramble
from ingest.world.geography import REGIONS
from ingest.world.letters import coded, words

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍红建国志文斌宇浩凯健俊帆雪琳欣怡梓涵子轩晨曦嘉"
_SHOP_FIRST = [
    "晨光",
    "暖阳",
    "星河",
    "云朵",
    "青木",
    "小满",
    "南风",
    "山间",
    "鹿鸣",
    "橙子",
    "木槿",
    "海棠",
    "拾光",
    "半夏",
    "麦田",
    "初见",
    "知夏",
    "林间",
    "北岸",
    "清欢",
    "糖果",
    "蓝鲸",
    "梧桐",
    "白鹭",
]
_SHOP_LAST = [
    "小铺",
    "优选",
    "生活馆",
    "旗舰店",
    "专营店",
    "工厂店",
    "杂货铺",
    "严选",
    "良品",
    "集市",
    "工坊",
    "直营店",
]
_TRADE = ("贸易有限公司", "供应链有限公司", "信息服务有限公司")
_ROADS = [
    "文一",
    "文二",
    "中山",
    "解放",
    "人民",
    "建设",
    "和平",
    "新华",
    "长江",
    "黄河",
    "学院",
    "科技",
    "创业",
    "幸福",
    "光明",
    "朝阳",
    "滨江",
    "环城",
    "迎宾",
    "体育",
    "胜利",
    "东风",
    "友谊",
    "工业",
    "银河",
    "翠苑",
    "凤凰",
    "龙井",
    "梅花",
    "松柏",
]
_PLACE_ENDS = ("号", "大厦", "号 智能柜", "号 学生公寓", "号 仓库", "号 商铺")

_AREA_CODES = [r.code + "0099" for r in REGIONS]
_LICENCE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LICENCE_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_IDENTITY_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])


def person_names(rng: np.random.Generator, n: int) -> pa.Array:
    """A surname and one or two characters."""
    given = list(_GIVEN)
    last = words([*given, ""], np.where(rng.random(n) < 0.75, rng.integers(0, len(given), n), len(given)))
    return _join(
        words(list(_SURNAMES), rng.integers(0, len(_SURNAMES), n)), words(given, rng.integers(0, len(given), n)), last
    )


def shop_names(rng: np.random.Generator, n: int) -> pa.Array:
    """A shop's name; many bear the same."""
    first, second = (words(_SHOP_FIRST, rng.integers(0, len(_SHOP_FIRST), n)) for _ in range(2))
    return _join(first, second, words(_SHOP_LAST, rng.integers(0, len(_SHOP_LAST), n)))


def company_names(rng: np.random.Generator, region: Int, trade: Int) -> pa.Array:
    """City, fancy name and line of business."""
    n = len(region)
    city = words([r.city for r in REGIONS], region)
    first, second = (words(_SHOP_FIRST, rng.integers(0, len(_SHOP_FIRST), n)) for _ in range(2))
    return _join(city, first, second, words(_TRADE, trade))


def streets(rng: np.random.Generator, region: Int, kind: Int) -> pa.Array:
    """A street address each, no two the same."""
    n = len(region)
    roads, numbers, rooms = len(_ROADS), 900, 2400
    mixed = scramble(rng, n, roads * numbers * rooms)
    road, number, room = mixed % roads, mixed // roads % numbers + 1, mixed // (roads * numbers)
    return _join(
        words([r.city + "市" for r in REGIONS], region),
        words([r + "路" for r in _ROADS], road),
        coded("", number, 1),
        words(_PLACE_ENDS, kind),
        coded("", room // 60 + 1, 1),
        pa.scalar("-"),
        coded("", room % 60 + 101, 1),
    )


def identity_numbers(rng: np.random.Generator, region: Int) -> pa.Array:
    """18 characters: area, day of birth, sequence, check character (GB 11643)."""
    n = len(region)
    first, span = np.datetime64("1960-01-01"), 15_000
    mixed = scramble(rng, n, span * 999)
    born = np.datetime_as_string((first + np.arange(span)).astype("datetime64[D]"))
    birth = pc.replace_substring(pa.array(born), "-", "").take(pa.array(mixed % span))
    body = _join(words(_AREA_CODES, region), birth, coded("", mixed // span + 1, 3))
    digits = _characters(body, 17) - ord("0")
    return _join(body, words(list("10X98765432"), (digits * _IDENTITY_WEIGHTS).sum(axis=1) % 11))


def licence_numbers(rng: np.random.Generator, region: Int) -> pa.Array:
    """18 characters: authority, area, organisation, check character (GB 32100)."""
    n = len(region)
    body = _join(pa.scalar("91"), words(_AREA_CODES, region), pa.scalar("MA"), coded("", scramble(rng, n, 10**7), 7))
    value = np.zeros(128, np.int64)
    value[[ord(c) for c in _LICENCE]] = np.arange(31)
    total = (value[_characters(body, 17)] * _LICENCE_WEIGHTS).sum(axis=1)
    return _join(body, words(list(_LICENCE), (31 - total % 31) % 31))


def mobile_numbers(rng: np.random.Generator, n: int) -> pa.Array:
    """Eleven digits, each number once."""
    return coded("154", scramble(rng, n, 10**8), 8)


def account_numbers(rng: np.random.Generator, n: int) -> pa.Array:
    """Nineteen digits with a Luhn check digit, each number once."""
    body = coded("622202", scramble(rng, n, 10**12), 12)
    digits = _characters(body, 18) - ord("0")
    doubled = digits[:, 1::2] * 2
    total = digits[:, ::2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return _join(body, coded("", (10 - total % 10) % 10, 1))


def written_oddly(rng: np.random.Generator, phones: pa.Array) -> pa.Array:
    """The same numbers, a few written with +86, spaces or full width digits, as shops type them."""
    n = len(phones)
    way = rng.random(n)
    spaced = pc.replace_substring_regex(phones, r"^(\d{3})(\d{4})(\d{4})$", r"+86 \1 \2 \3")
    dashed = pc.replace_substring_regex(phones, r"^(\d{3})(\d{4})(\d{4})$", r"\1-\2-\3")
    return pc.if_else(pa.array(way < 0.05), spaced, pc.if_else(pa.array(way < 0.08), dashed, phones))


def _join(*parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _characters(text: pa.Array, width: int) -> Int:
    """Codes of the characters of texts that are all ``width`` ASCII characters wide, one row a text."""
    if not len(text):
        return np.zeros((0, width), np.int64)
    return (
        np.array(text.to_numpy(zero_copy_only=False).astype(f"S{width}"))
        .view(np.uint8)
        .reshape(-1, width)
        .astype(np.int64)
    )
