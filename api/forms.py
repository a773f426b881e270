"""The types that requests are made of: bounded ids, whole money, times with a zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from graph.currencies import DECIMALS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,9})?", re.ASCII)
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def _plain_id(value: str) -> str:
    """Ids are compared as text, so only the form that intake stores is taken: NFKC, trimmed, nothing invisible."""
    if value != unicodedata.normalize("NFKC", value).strip():
        raise PydanticCustomError("id_form", "not in the one form of ids")
    if any(unicodedata.category(c) in _INVISIBLE for c in value):
        raise PydanticCustomError("id_characters", "characters that cannot be seen")
    return value


def _iso_time(value: object) -> object:
    """Only the written form is taken: numbers, dates alone and times without a zone are guesses."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise PydanticCustomError("time_form", "not a time as in 2026-06-30T09:00:00+08:00")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time_form", "no such time") from None


def _whole_text(value: object) -> object:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise PydanticCustomError("int_parsing", "not a whole number")
    return value


def _decimal_text(value: object) -> object:
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("float_parsing", "not a decimal number")
    return value


Id = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_plain_id)]
"""An id as intake stores it: 1 to 128 characters, NFKC, no outer spaces, nothing invisible."""

Moment = Annotated[AwareDatetime, BeforeValidator(_iso_time, json_schema_input_type=AwareDatetime)]
"""ISO 8601 with a zone, to the microsecond."""

WholeText = Annotated[int, BeforeValidator(_whole_text, json_schema_input_type=int)]
"""A whole number in a query: digits only."""

ShareText = Annotated[
    float, BeforeValidator(_decimal_text, json_schema_input_type=float), Field(ge=0, le=1, allow_inf_nan=False)
]
"""A number from 0 to 1 in a query, written in digits."""


def to_ms(moment: datetime) -> int:
    """Epoch ms of a time, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


LARGEST = 10**15
"""Minor units; far above any loan, far below what a double holds exactly."""


def _currency(code: str) -> str:
    if code not in DECIMALS:
        raise PydanticCustomError("currency_unknown", "no currency code of ISO 4217")
    return code


Currency = Annotated[str, StringConstraints(max_length=3), AfterValidator(_currency)]
"""A currency code of ISO 4217 in a body."""


class ScoreBody(BaseModel):
    """An application for credit. ``application_id`` is its idempotency key."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    application_id: Id = Field(examples=["AP000017"])
    merchant_id: Id = Field(examples=["M000017"])
    amount: int = Field(gt=0, le=LARGEST, description="asked for, in minor units of the currency", examples=[5_000_000])
    currency: Currency = Field(description="ISO 4217", examples=["CNY"])
    as_of: Moment = Field(description="when the answer is to hold; with a zone", examples=["2026-06-30T09:00:00+08:00"])
