"""What a group of buyers and shops shows, as a sentence in English and Chinese."""

from __future__ import annotations

from graph.findings.figures import count_en, percent
from graph.rings.score import Judgement
from graph.rings.signals import Signals

_CROWD_EN = {
    "flash_sale": "a sale of an hour or two",
    "staff": "people at one address who buy at one shop, as staff do",
    "group_buying": "group buying for one address",
    "dormitory": "neighbours in one building",
    "family": "a family",
    "fan_club": "regulars who share a taste",
}
_CROWD_ZH = {
    "flash_sale": "一两小时的限时抢购",
    "staff": "同一地址的员工内购",
    "group_buying": "同一地址的团购",
    "dormitory": "同一栋楼的邻居",
    "family": "一家人",
    "fan_club": "有共同喜好的老顾客",
}


def ring_sentences(s: Signals, j: Judgement, amount: str) -> tuple[str, str]:
    """(English, Chinese). ``amount``: what the inside orders come to, or empty."""
    worth_en, worth_zh = (f" worth {amount}", f"、合计 {amount}") if amount else ("", "")
    base_en = (
        f"{count_en(s.buyers, 'buyer')} placed {count_en(s.orders, 'order')}{worth_en} at {count_en(s.shops, 'shop')}, "
        f"{percent(s.share_of_shop_orders)} of all orders there"
    )
    base_zh = (
        f"{s.buyers} 个买家在 {s.shops} 家店铺下单 {s.orders} 笔{worth_zh}，"
        f"占这些店铺订单的 {percent(s.share_of_shop_orders)}"
    )
    signs = [sign_sentences(name, s) for name in list(j.signs)[:4]]
    if j.fake_orders:
        en, zh = "Likely fake orders: " + base_en, "疑似刷单：" + base_zh
        en += "".join(f"; {e}" for e, _ in signs)
        zh += "".join(f"；{z}" for _, z in signs)
        return en + ".", zh + "。"
    if signs:
        en = f"Coordinated group, weak signs of fake orders: {base_en}; " + "; ".join(e for e, _ in signs)
        zh = f"协同群体，刷单迹象较弱：{base_zh}；" + "；".join(z for _, z in signs)
    else:
        en, zh = f"Coordinated group, no sign of fake orders: {base_en}", f"协同群体，未见刷单迹象：{base_zh}"
    return f"{en}; it may be {_CROWD_EN[j.crowd]}.", f"{zh}；可能是{_CROWD_ZH[j.crowd]}。"


def sign_sentences(name: str, s: Signals) -> tuple[str, str]:
    """One sign of fake orders with its figure, in both languages."""

    def pct(share: float | None) -> str:
        return percent(share or 0.0)

    return {
        "paid_back": (
            f"{pct(s.paid_back_share)} of these orders were paid back to the buyer within days",
            f"{pct(s.paid_back_share)} 的订单在数日内把货款返还买家",
        ),
        "waybill_reuse": (
            f"{pct(s.waybill_reuse_share)} carry a waybill that other buyers' orders carry too",
            f"{pct(s.waybill_reuse_share)} 的订单与其他买家共用运单号",
        ),
        "weightless": (
            f"{pct(s.weightless_share)} of the parcels weigh next to nothing",
            f"{pct(s.weightless_share)} 的包裹几乎没有重量",
        ),
        "shared_identity": (
            f"{pct(s.shared_identity_share)} of the buyers share a device, phone, account or address with another",
            f"{pct(s.shared_identity_share)} 的买家与他人共用设备、电话、账户或地址",
        ),
        "signed_early": (
            f"{pct(s.signed_early_share)} were signed for sooner than a parcel travels",
            f"{pct(s.signed_early_share)} 的签收早于合理运输时间",
        ),
        "sent_elsewhere": (
            f"{pct(s.sent_elsewhere_share)} were signed for far away sooner than a parcel gets there from the shop",
            f"{pct(s.sent_elsewhere_share)} 的包裹在异地签收，快于从店铺发货地可能到达的时间",
        ),
        "even_gaps": (
            f"{pct(s.even_gap_share)} of the orders follow one another at equal gaps, as a script places them",
            f"{pct(s.even_gap_share)} 的订单以相同间隔下单，像由脚本所下",
        ),
        "burst": (
            f"{pct(s.burst_share)} were placed within four days",
            f"{pct(s.burst_share)} 集中在四天之内",
        ),
        "breadth": (
            f"each of them ordered at {s.shops_per_buyer:.0f} of the same {s.shops} shops",
            f"每人平均在这 {s.shops} 家店铺中的 {s.shops_per_buyer:.0f} 家下过单",
        ),
        "network": (
            f"the same buyers recur across {s.shops} shops",
            f"同一批买家反复出现在 {s.shops} 家店铺",
        ),
        "night": (
            f"{pct(s.night_share)} were placed between midnight and six",
            f"{pct(s.night_share)} 在凌晨 0 至 6 点下单",
        ),
        "refunds": (f"{pct(s.refund_share)} were refunded", f"{pct(s.refund_share)} 发生退款"),
        "five_stars": (f"{pct(s.five_star_share)} were given five stars", f"{pct(s.five_star_share)} 给了五星"),
    }[name]
