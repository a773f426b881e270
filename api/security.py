"""Who may call what. Every route declares a rule as a dependency; an app with a route that has none is not made."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError

from api.errors import NO_KEY, NOT_ALLOWED, WRONG_KEY, Refused
from api.service import Service, in_thread
from records import keys
from records.database import reading
from records.keys import Key, Scope


class NoRule(Exception):  # noqa: N818 - what the app lacks
    """A route was added without saying who may call it."""


class Rule:
    """Who may call a route. Use ``OPEN``, ``ANY_KEY`` or ``needs(scope)`` in the route's dependencies."""

    def __init__(self, open_: bool, scope: Scope | None) -> None:
        self.open = open_
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        if self.open:
            return
        service: Service = request.app.state.service
        presented = _presented(request)
        key = await in_thread(lambda: _check(service, presented))
        if key is None:
            raise Refused(WRONG_KEY)
        request.state.key_id = key.key_id
        if self.scope is not None and self.scope not in key.scopes:
            raise Refused(NOT_ALLOWED)


OPEN = Rule(True, None)
"""Anyone: health only."""

ANY_KEY = Rule(False, None)
"""Whoever has a key."""

_NEEDS: dict[Scope, Rule] = {scope: Rule(False, scope) for scope in keys.SCOPES}


def needs(scope: Scope) -> Rule:
    """Whoever has a key with this scope."""
    return _NEEDS[scope]


def rules_of(app: FastAPI) -> dict[str, list[Rule]]:
    """Every route, as ``METHODS path``, with the rules it declares: none for a route that is not FastAPI's."""
    found: dict[str, list[Rule]] = {}
    for route in iter_route_contexts(app.routes):
        methods = ",".join(sorted(getattr(route, "methods", None) or ["*"]))
        dependant = getattr(route, "dependant", None)
        found[f"{methods} {route.path}"] = list(_declared(dependant)) if isinstance(dependant, Dependant) else []
    return found


def require_rules(app: FastAPI) -> None:
    """Raise NoRule, naming the route, unless every route declares exactly one rule."""
    for route, rules in rules_of(app).items():
        if len(rules) != 1:
            raise NoRule(f"{route} declares {len(rules)} access rules; give it one of OPEN, ANY_KEY, needs(scope)")


def _declared(dependant: Dependant) -> Iterator[Rule]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Rule):
            yield inner.call
        yield from _declared(inner)


def _presented(request: Request) -> str:
    """The key in X-API-Key, else in Authorization: Bearer. A header sent twice is as good as none."""
    own, bearer = request.headers.getlist("x-api-key"), request.headers.getlist("authorization")
    if len(own) == 1:
        return own[0]
    if not own and len(bearer) == 1 and bearer[0][:7].lower() == "bearer ":
        return bearer[0][7:].strip()
    raise Refused(NO_KEY)


def _check(service: Service, presented: str) -> Key | None:
    with reading(service.records) as connection:
        key = keys.check(connection, presented)
    now = service.clock()
    if key is not None and keys.use_to_note(key, now):
        try:
            with service.records.begin() as connection:
                keys.note_use(connection, key, now)
        except SQLAlchemyError as why:  # a busy database must not keep a good key out
            service.log.warning("key_use_not_noted", key_id=key.key_id, error=type(why).__name__)
    return key
