"""Regions, cities and lines of goods, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A province: its city in this world, postal code, first two digits of identity numbers, size, and how much more
    often than elsewhere its shops fail (added to the log-odds)."""

    name: str
    city: str
    postcode: str
    code: str
    weight: float
    risk: float


@dataclass(frozen=True)
class Category:
    """A line of goods: median price (CNY) and weight (g), refund share, added log-odds of failing, customs code."""

    name: str
    price: float
    weight_g: float
    refunds: float
    risk: float
    hs_code: str
    weight: float


REGIONS = (
    Region("浙江", "杭州", "310000", "33", 20, -0.15),
    Region("广东", "深圳", "518000", "44", 22, 0.0),
    Region("江苏", "南京", "210000", "32", 13, -0.1),
    Region("福建", "泉州", "362000", "35", 10, 0.15),
    Region("上海", "上海", "200000", "31", 8, -0.1),
    Region("山东", "临沂", "276000", "37", 8, 0.05),
    Region("北京", "北京", "100000", "11", 6, -0.05),
    Region("河南", "郑州", "450000", "41", 5, 0.2),
    Region("四川", "成都", "610000", "51", 5, 0.05),
    Region("湖北", "武汉", "430000", "42", 3, 0.1),
)

CATEGORIES = (
    Category("clothing", 320.0, 450.0, 0.13, 0.1, "6109", 26),
    Category("home", 460.0, 1400.0, 0.05, 0.0, "9403", 18),
    Category("beauty", 290.0, 300.0, 0.05, 0.05, "3304", 13),
    Category("food", 180.0, 1900.0, 0.02, -0.1, "1905", 13),
    Category("electronics", 1500.0, 650.0, 0.07, 0.15, "8517", 10),
    Category("toys", 260.0, 600.0, 0.04, 0.0, "9503", 8),
    Category("sports", 520.0, 900.0, 0.07, 0.0, "9506", 6),
    Category("accessories", 120.0, 45.0, 0.04, 0.15, "7117", 6),  # as light as the empty parcels of brushers
)

PLATFORMS = ("taoping", "jinggou", "duoduo")
PLATFORM_WEIGHT = (0.5, 0.2, 0.3)

PLACE_TYPES = ("home", "office", "parcel locker", "dormitory", "warehouse", "shop")
HOME, OFFICE, LOCKER, DORMITORY, WAREHOUSE, SHOP = range(6)
