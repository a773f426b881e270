"""Events: what happens on platforms and in accounts, one strict, versioned type for each kind.

An event is a JSON object on a line. Its ``type`` says which of the structs below it must fit, to the letter: a field
that is unknown, missing, of the wrong type or out of range refuses the line (flow.refusals has the codes). Ids are the
platform's, taken as they are given. Amounts are integer minor units of ``currency``. Fields named in ``PERSONAL``
become keyed tokens before anything is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ingest.feed import Personal

ID_LENGTH = 128
TEXT_LENGTH = 512
LARGEST_AMOUNT = 10**15

TYPES = ("order", "refund", "transfer", "disbursement", "repayment", "login", "logistics", "notice")
"""Types of events; the place in this tuple is the number that batches and kernels use."""


def _id(meaning: str) -> Meta:
    return Meta(min_length=1, max_length=ID_LENGTH, description=meaning)


MerchantId = Annotated[str, _id("the shop")]
BuyerId = Annotated[str, _id("the buyer's account on the platform")]
AccountId = Annotated[str, _id("the bank or wallet account")]
OrderId = Annotated[str, _id("the order")]
LoanId = Annotated[str, _id("the loan")]
DeviceId = Annotated[str, _id("fingerprint of the device")]
AddressId = Annotated[str, _id("the delivery address")]
Amount = Annotated[int, Meta(ge=0, le=LARGEST_AMOUNT, description="integer minor units of `currency`")]
Currency = Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217 code")]


class Event(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """What every event has."""

    event_id: Annotated[str, _id("made by the client; the same id with the same body is the same event")]
    ts: Annotated[datetime, Meta(tz=True, description="when it happened: ISO 8601 with a zone, to the millisecond")]
    v: Annotated[Literal[1], Meta(description="version of the contract; absent: 1")] | None = None


class Order(Event, tag="order"):
    """An order as it is placed."""

    merchant_id: MerchantId
    buyer_id: BuyerId
    order_id: OrderId
    amount: Amount
    currency: Currency
    device_id: DeviceId | None = None
    address_id: AddressId | None = None
    phone: Annotated[str, _id("number the parcel's receiver gave")] | None = None


class Refund(Event, tag="refund"):
    """Money given back to a buyer."""

    merchant_id: MerchantId
    order_id: OrderId
    amount: Amount
    currency: Currency
    buyer_id: BuyerId | None = None
    device_id: DeviceId | None = None
    address_id: AddressId | None = None


class Transfer(Event, tag="transfer"):
    """Money from one account to another."""

    src: Annotated[str, _id("the account that pays")]
    dst: Annotated[str, _id("the account that is paid")]
    amount: Amount
    currency: Currency
    purpose: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH, description="as stated")] | None = None
    channel: Annotated[str, _id("bank, wallet, cash ...")] | None = None


class Disbursement(Event, tag="disbursement"):
    """A loan paid out into an account."""

    loan_id: LoanId
    account_id: AccountId
    amount: Amount
    currency: Currency
    merchant_id: MerchantId | None = None


class Repayment(Event, tag="repayment"):
    """Money paid back on a loan, from an account."""

    loan_id: LoanId
    account_id: AccountId
    amount: Amount
    currency: Currency
    merchant_id: MerchantId | None = None


class Login(Event, tag="login"):
    """Somebody signed in: at least one of merchant_id, buyer_id and account_id says who."""

    merchant_id: MerchantId | None = None
    buyer_id: BuyerId | None = None
    account_id: AccountId | None = None
    device_id: DeviceId | None = None
    address_id: AddressId | None = None


class Logistics(Event, tag="logistics"):
    """A scan of a parcel."""

    merchant_id: MerchantId
    order_id: OrderId
    status: Annotated[Literal["shipped", "signed", "returned"], Meta(description="what was scanned")]
    buyer_id: BuyerId | None = None
    address_id: AddressId | None = None
    waybill: Annotated[str, _id("number of the waybill")] | None = None
    weight_g: Annotated[int, Meta(ge=0, le=10**9, description="grams")] | None = None


class Notice(Event, tag="notice"):
    """What the platform tells about a shop."""

    merchant_id: MerchantId
    severity: Annotated[Literal["info", "warning", "severe"], Meta(description="how grave")]
    code: Annotated[str, _id("the platform's code")]


AnyEvent = Order | Refund | Transfer | Disbursement | Repayment | Login | Logistics | Notice
CLASSES: tuple[type[Event], ...] = (Order, Refund, Transfer, Disbursement, Repayment, Login, Logistics, Notice)
"""The classes, in the order of TYPES."""

ONE_OF: Mapping[type[Event], tuple[str, ...]] = {Login: ("merchant_id", "buyer_id", "account_id")}
"""Of these fields at least one must be there."""

PERSONAL: Mapping[type[Event], tuple[str, Personal]] = {
    Order: ("phone", Personal.PHONE),
    Logistics: ("waybill", Personal.WAYBILL),
}
"""The personal field of a type; it never reaches the journal as it came."""

CLEAR: Mapping[type[Event], tuple[tuple[str, Personal], ...]] = {
    Order: (("address_id", Personal.STREET),),
    Refund: (("address_id", Personal.STREET),),
    Transfer: (("src", Personal.CARD), ("dst", Personal.CARD)),
    Disbursement: (("account_id", Personal.CARD),),
    Repayment: (("account_id", Personal.CARD),),
    Login: (("account_id", Personal.CARD), ("address_id", Personal.STREET)),
    Logistics: (("address_id", Personal.STREET),),
}
"""Ids that a sender may give in clear: an account by its number, an address by its street. They become tokens then."""

_ACCOUNT_NUMBER = re.compile(r"(?:\d[ \-]?){14,}\d")


def in_clear(kind: Personal, value: str) -> bool:
    """Whether an id is personal data itself: 15 digits and more (a card, an account), or a street written out."""
    if kind is Personal.CARD:
        return len(value) >= 15 and value[0].isdigit() and _ACCOUNT_NUMBER.fullmatch(value) is not None
    return " " in value or not value.isascii()


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

encode = msgspec.json.Encoder().encode
"""An event as JSON, as it stands."""


def epoch_ms(ts: datetime) -> int:
    """A time with a zone as epoch milliseconds, rounded down."""
    return (ts - EPOCH) // _MILLISECOND


def body(event: Event) -> bytes:
    """The event in its one form: fields in their order, absent ones left out, the time in UTC.

    Two lines that say the same have the same body, however their fields are ordered or spaced.
    """
    event.v = None
    if event.ts.tzinfo is not UTC:
        event.ts = event.ts.astimezone(UTC)
    return encode(event)


def digest(event_body: bytes) -> bytes:
    """16 bytes that tell whether two bodies are the same (blake2b)."""
    return blake2b(event_body, digest_size=16).digest()


def _give_absent_fields() -> None:
    """Every class answers None for the fields of the others (amount: -1), so that columns can be read off a mixed list
    without asking each event for its type; ``kind`` is its number in TYPES."""
    names = {field for cls in CLASSES for field in cls.__struct_fields__}
    for kind, cls in enumerate(CLASSES):
        type.__setattr__(cls, "kind", kind)
        for name in names - set(cls.__struct_fields__):
            type.__setattr__(cls, name, -1 if name == "amount" else None)


_give_absent_fields()
