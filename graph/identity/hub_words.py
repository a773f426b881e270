"""What an identifier of many people seems to be, in a sentence with the numbers that say so."""

from __future__ import annotations

from collections.abc import Mapping

_EN = {
    "family": "a household's",
    "resold_phone": "a number that was given out again",
    "warehouse": "a warehouse that several shops ship from",
    "office": "an office building or a place of work",
    "parcel_locker": "a parcel locker or pick-up point: its users have other addresses too",
    "dormitory": "a dormitory or a block of flats: its users have most of their parcels sent there",
    "kiosk": "a public device: many users, each a few times, at many shops",
    "farm": "a farm: one hand behind many users",
    "unclear": "unclear from its pattern",
}
_ZH = {
    "family": "一户家庭共用",
    "resold_phone": "被运营商二次放出的号码",
    "warehouse": "多家店铺共用的仓库",
    "office": "写字楼或工作场所",
    "parcel_locker": "快递柜或自提点(使用者另有其他地址)",
    "dormitory": "宿舍或居民楼(使用者的包裹大多寄到这里)",
    "kiosk": "公用设备(使用者多、每人次数少、店铺分散)",
    "farm": "一人操控多个身份的设备",
    "unclear": "从行为模式看不出类型",
}
_FIGURES = {
    "shipping": ("{} shops ship from it", "{} 家店铺从此发货"),
    "registered": ("{} registered at it", "{} 个主体注册于此"),
    "shops_of_users": ("{} shops belong to its users", "使用者名下有 {} 家店铺"),
    "orders": ("{} orders", "{} 笔订单"),
    "shops": ("at {} shops", "涉及 {} 家店铺"),
    "top_shops_share": ("{:.0%} of them at the busiest three", "其中 {:.0%} 集中在前三家"),
    "work_hours_share": ("{:.0%} in working hours", "{:.0%} 在工作时间"),
    "own_share": ("a user has {:.0%} of all own orders here", "使用者 {:.0%} 的订单在此"),
    "stay_days": ("a user stays {:.0f} days", "每人使用时间约 {:.0f} 天"),
    "gap_days": ("{:.0f} days between one user and the next", "前后使用者相隔 {:.0f} 天"),
}


def hub_sentences(
    node: str, kind: str, users: int, figures: Mapping[str, float | int], source_says: str
) -> tuple[str, str]:
    """The sentence in English and in Chinese; figures that are zero or unknown are left out."""
    told = [
        (en.format(figures[name]), zh.format(figures[name])) for name, (en, zh) in _FIGURES.items() if figures.get(name)
    ]
    en = f"{node} is used by {users} parties and looks like {_EN[kind]}"
    zh = f"{node} 有 {users} 个使用者, 看起来是{_ZH[kind]}"
    if kind == "unclear":
        en, zh = (
            f"{node} is used by {users} parties; what it is is unclear from its pattern",
            f"{node} 有 {users} 个使用者, {_ZH[kind]}",
        )
    if told:
        en += ": " + ", ".join(e for e, _ in told)
        zh += ": " + ", ".join(z for _, z in told)
    if source_says:
        en += f"; its source calls it {source_says}"
        zh += f"; 数据来源标注为 {source_says}"
    return en, zh
