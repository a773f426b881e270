"""What holds for every query string."""

from __future__ import annotations

from fastapi import Request

from api.errors import INVALID, Field, Refused, plain_name


async def once(request: Request) -> None:
    """Refuse a parameter that stands twice: which of the two would be meant cannot be known."""
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(names) < 100 else names[:1]
    if repeated:
        raise Refused(INVALID, [Field(plain_name(name), "repeated") for name in repeated])


async def none(request: Request) -> None:
    """Refuse any parameter, where a route takes none."""
    if request.query_params:
        raise Refused(
            INVALID, [Field(plain_name(name), "extra_forbidden") for name in sorted(set(request.query_params))]
        )
