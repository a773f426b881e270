"""Olist's files as published: local times of São Paulo, several sellers an order, buyers behind many customer ids."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ingest.public import missing
from tests.public.conftest import Taken, Took

ORDERS = """"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at",\
"order_delivered_carrier_date","order_delivered_customer_date","order_estimated_delivery_date"
o1,c1,delivered,2017-10-14 22:40:59,2017-10-14 23:00:00,2017-10-16 10:00:00,2017-10-20 18:00:00,2017-11-01 00:00:00
o2,c2,canceled,2018-02-17 23:30:00,2018-02-17 23:45:00,,,2018-03-01 00:00:00
o3,c3,created,2018-03-05 09:00:00,,,,2018-03-20 00:00:00
"""
CUSTOMERS = """"customer_id","customer_unique_id","customer_zip_code_prefix","customer_city","customer_state"
c1,ana,"01012",sao paulo,SP
c2,ana,"01012",sao paulo,SP
c3,rui,"35182",timoteo,MG
"""
ITEMS = """"order_id","order_item_id","product_id","seller_id","shipping_limit_date","price","freight_value"
o1,1,p1,s1,2017-10-18 00:00:00,99.90,10.10
o1,2,p1,s1,2017-10-18 00:00:00,99.90,10.10
o1,3,p2,s2,2017-10-18 00:00:00,20.00,5.00
o3,1,p2,s2,2018-03-07 00:00:00,20.00,5.00
"""
PAYMENTS = """"order_id","payment_sequential","payment_type","payment_installments","payment_value"
o1,1,credit_card,3,200.00
o1,2,voucher,1,45.00
"""
REVIEWS = '''"review_id","order_id","review_score","review_comment_title","review_comment_message",\
"review_creation_date","review_answer_timestamp"
r1,o1,2,,"chegou
quebrado, com ""aspas""",2017-10-21 00:00:00,2017-10-22 12:00:00
r2,o1,5,,,2017-10-23 00:00:00,2017-10-25 12:00:00
r3,o3,1,,,2018-03-01 00:00:00,2018-03-01 12:00:00
'''
SELLERS = """"seller_id","seller_zip_code_prefix","seller_city","seller_state"
s1,"01012",sao paulo,SP
s2,"70740",brasilia,DF
s3,"70740",brasilia,DF
"""
PRODUCTS = '"product_id","product_category_name","product_name_lenght"\np1,beleza_saude,40\np2,sem_nome,40\n'
ENGLISH = '"product_category_name","product_category_name_english"\nbeleza_saude,health_beauty\n'
PLACES = """"geolocation_zip_code_prefix","geolocation_lat","geolocation_lng","geolocation_city","geolocation_state"
"01012",-23.54,-46.63,sao paulo,SP
"01012",-23.54,-46.63,sao paulo,SP
"01012",-23.55,-46.63,são paulo,SP
"99999",-30.1,-50.1,porto,RS
"""

FILES = {
    "olist_orders_dataset": ORDERS,
    "olist_customers_dataset": CUSTOMERS,
    "olist_order_items_dataset": ITEMS,
    "olist_order_payments_dataset": PAYMENTS,
    "olist_order_reviews_dataset": REVIEWS,
    "olist_sellers_dataset": SELLERS,
    "olist_products_dataset": PRODUCTS,
    "product_category_name_translation": ENGLISH,
    "olist_geolocation_dataset": PLACES,
}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    home = tmp_path_factory.mktemp("olist")
    for name, text in FILES.items():
        (home / f"{name}.csv").write_text(text, "utf-8")
    assert missing("olist", home) == []
    taken = Taken(tmp_path_factory.mktemp("home"))
    taken.take("olist", home)
    return taken


def test_every_row_is_taken_and_repeated_places_are_duplicates(shop: Taken) -> None:
    sent = {name: (r.sent, r.stored, r.duplicate) for name, (r,) in shop.reports.items()}
    assert sent == {
        "geolocation": (4, 3, 1),
        "sellers": (3, 3, 0),
        "customers": (3, 3, 0),
        "orders": (3, 3, 0),
        "order_items": (4, 4, 0),
        "order_payments": (2, 2, 0),
        "order_states": (3, 3, 0),
        "order_reviews": (3, 3, 0),
    }


def test_local_times_follow_the_clock_of_sao_paulo(shop: Taken) -> None:
    orders = shop.rows("Orders")
    assert orders["o1"]["ts"] == ms("2017-10-15T01:40:59+00:00")  # an hour and a half before summer time began: -03:00
    assert orders["o2"]["ts"] == ms("2018-02-18T01:30:00+00:00")  # 23:30 happened twice: the first, -02:00
    assert orders["o3"]["ts"] == ms("2018-03-05T12:00:00+00:00")  # -03:00 again


def test_the_amount_is_what_was_paid_else_items_and_freight_else_unknown(shop: Taken) -> None:
    orders = shop.rows("Orders")
    assert {i: (r["amount"], r["currency"]) for i, r in orders.items()} == {
        "o1": (24500, "BRL"),
        "o2": (None, "BRL"),
        "o3": (2500, "BRL"),
    }


def test_an_order_of_two_sellers_is_sold_by_both(shop: Taken) -> None:
    assert {(r["src"], r["dst"]) for r in shop.rows("SOLD_BY").values()} == {("o1", "s1"), ("o1", "s2"), ("o3", "s2")}


def test_payments_are_facts_of_the_order_with_its_shop_where_it_has_one(shop: Taken) -> None:
    payments = shop.rows("payment")
    assert {i: (r["amount"], r["method"], r["instalments"], r["merchant_id"]) for i, r in payments.items()} == {
        "o1-1": (20000, "credit_card", 3, None),
        "o1-2": (4500, "voucher", 1, None),
    }


def test_the_buyer_is_the_one_behind_the_customer_ids(shop: Taken) -> None:
    assert {(r["src"], r["dst"]) for r in shop.rows("PLACED").values()} == {("ana", "o1"), ("ana", "o2"), ("rui", "o3")}
    assert set(shop.rows("Buyer")) == {"ana", "rui"}


def test_an_address_is_an_area_and_says_so(shop: Taken) -> None:
    places = shop.rows("Address")
    assert set(places) == {"BR-01012", "BR-35182", "BR-70740", "BR-99999"}
    assert {p["place_type"] for p in places.values()} == {"postcode area"}
    assert places["BR-01012"]["postcode"] == "01012"
    assert {r["dst"] for r in shop.rows("SHIPS_FROM").values()} == {"BR-01012", "BR-70740"}


def test_a_shops_category_is_that_of_its_first_sale(shop: Taken) -> None:
    assert {i: r["category"] for i, r in shop.rows("Merchant").items()} == {
        "s1": "health_beauty",
        "s2": "sem_nome",
        "s3": None,
    }


def test_nothing_of_an_order_is_known_early(shop: Taken) -> None:
    def known(at: str) -> tuple[str, int | None]:
        row = shop.rows("Orders", as_of=ms(at))["o1"]
        return row["status"], row["rating"]

    assert known("2017-10-19T12:00:00-02:00") == ("created", None)
    assert known("2017-10-20T18:00:00-02:00") == ("delivered", None)
    assert known("2017-10-22T12:00:00-02:00") == ("delivered", 2)
    assert known("2017-10-25T12:00:00-02:00") == ("delivered", 5)
    assert "o1" not in shop.rows("Orders", as_of=ms("2017-10-14T22:40:58-03:00"))


def test_a_status_without_a_stamp_is_known_at_the_end_of_the_estimated_day(shop: Taken) -> None:
    assert shop.rows("Orders", as_of=ms("2018-03-01T23:59:58-03:00"))["o2"]["status"] == "created"
    assert shop.rows("Orders", as_of=ms("2018-03-01T23:59:59-03:00"))["o2"]["status"] == "canceled"


def test_parcels_are_signed_for_when_delivered(shop: Taken) -> None:
    parcel = shop.rows("SHIPPED_TO")["SHIPPED_TO:Orders:o1>Address:BR-01012"]
    assert (parcel["shipped_ts"], parcel["signed_ts"]) == (
        ms("2017-10-16T10:00:00-02:00"),
        ms("2017-10-20T18:00:00-02:00"),
    )


def test_a_review_from_before_its_order_counts_just_after_it(shop: Taken) -> None:
    assert shop.rows("Orders")["o3"]["rating"] == 1


def test_without_the_orders_what_needs_them_is_left_out_and_named(tmp_path: Path, took: Took) -> None:
    for name in ("olist_order_reviews_dataset", "olist_sellers_dataset"):
        (tmp_path / f"{name}.csv").write_text(FILES[name], "utf-8")
    taken = took("olist", tmp_path)
    assert set(taken.reports) == {"sellers"}
    assert "olist_orders_dataset" in missing("olist", tmp_path)
