"""What a caller is told when a request is not answered: one shape, one table, never a value of the request.

Every error body is ``{"error": {"code", "message", "fields": [{"field", "code"}]}, "request_id"}``. Codes are stable;
messages are fixed sentences for people and say what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from graph.snapshot_files import SnapshotError
from jobs.decide import AsOfRefused, ModelMismatch, UnknownMerchant
from jobs.flow_live import FlowAway
from jobs.published import NothingPublished
from jobs.serving import NoModel
from records.errors import DecisionConflict, RecordsError


@dataclass(frozen=True)
class Field:
    """One field of a request and what is wrong with it."""

    field: str
    code: str


@dataclass(frozen=True)
class Answer:
    """How an error is answered. ``headers`` go with it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - what happens to the request
    """A request is refused with an answer of its own."""

    def __init__(self, answer: Answer, fields: Sequence[Field] = ()) -> None:
        super().__init__(answer.code)
        self.answer = answer
        self.fields = tuple(fields)


INVALID = Answer(422, "invalid_request", "The request does not fit; see fields.")
NOT_JSON = Answer(400, "invalid_json", "The body is not JSON in UTF-8.")
NOT_HTTP = Answer(400, "invalid_http", "This is not a request of HTTP/1.1, or its head is too long.")
TOO_MANY = Answer(503, "too_many_connections", "Too many connections at once; try again in a moment.")
TOO_DEEP = Answer(400, "too_deep", "The JSON is nested too deeply.")
NOT_JSON_TYPE = Answer(415, "unsupported_media_type", "Send Content-Type: application/json, not compressed.")
TOO_LARGE = Answer(413, "body_too_large", "The body is larger than this service takes.", {"Connection": "close"})
TOO_SLOW = Answer(408, "body_too_slow", "The body did not come in time.", {"Connection": "close"})
TIMED_OUT = Answer(504, "timed_out", "The answer took too long. The same request may be sent again.")
INTERNAL = Answer(500, "internal_error", "Something failed here. Report the request_id.")
NO_KEY = Answer(
    401,
    "key_required",
    "Send a key in X-API-Key or Authorization: Bearer. `ringfence keys create` makes one.",
    {"WWW-Authenticate": "Bearer"},
)
WRONG_KEY = Answer(401, "key_refused", "The key is unknown, wrong or revoked.", {"WWW-Authenticate": "Bearer"})
NOT_ALLOWED = Answer(403, "scope_missing", "The key may not do this. Make one with the scope that the route needs.")
NO_CLUSTER = Answer(404, "cluster_not_found", "The published graph has no such cluster.")
NO_MERCHANT = Answer(404, "merchant_not_found", "No source has ever named this merchant.")
NOT_IN_GRAPH = Answer(
    404, "merchant_not_in_graph", "The merchant is known but not in the published graph yet: run `ringfence refresh`."
)
NO_DECISION = Answer(404, "decision_not_found", "There is no such decision.")
CURSOR_EXPIRED = Answer(410, "cursor_expired", "A newer graph was published; start again without a cursor.")

_AS_OF = {
    "as_of_ahead": Answer(422, "as_of_ahead", "as_of is more than five minutes ahead of the clock here."),
    "as_of_before_graph": Answer(
        422, "as_of_before_graph", "as_of is older than the published graph; a past answer is a replay, not a score."
    ),
}

TABLE: dict[type[Exception], Answer] = {
    FlowAway: Answer(
        503,
        "flow_unavailable",
        "Events cannot be taken here: another process has the journal, or the key for tokens is wrong; see the log.",
    ),
    NothingPublished: Answer(503, "no_snapshot", "Nothing is published to answer from: run `ringfence refresh`."),
    SnapshotError: Answer(503, "no_snapshot", "The published snapshot cannot be read: run `ringfence refresh`."),
    NoModel: Answer(503, "no_model", "No model serves: run `ringfence train`."),
    ModelMismatch: Answer(
        503, "model_mismatch", "Model and published graph do not fit: run `ringfence refresh`, then `ringfence train`."
    ),
    UnknownMerchant: NO_MERCHANT,
    DecisionConflict: Answer(
        409,
        "application_conflict",
        "This application was decided on another request. Repeat that request for its answer, "
        "or ask with a new application_id.",
    ),
    RecordsError: Answer(503, "records_unavailable", "The records cannot be used now; nothing was decided."),
    SQLAlchemyError: Answer(503, "records_unavailable", "The records cannot be used now; nothing was decided."),
}
"""What each exception that may leave a route is answered with. What is not here is a fault of ours: 500."""

_BY_STATUS = {
    404: Answer(404, "not_found", "There is nothing at this address."),
    405: Answer(405, "method_not_allowed", "This address does not take this method."),
}
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def answer_to(error: Exception) -> tuple[Answer, Sequence[Field]] | None:
    """The answer to an exception, with the fields at fault; None when it is not foreseen."""
    if isinstance(error, Refused):
        return error.answer, error.fields
    if isinstance(error, AsOfRefused):
        return _AS_OF[error.code], (Field("as_of", error.code),)
    if isinstance(error, RequestValidationError):
        return INVALID, fields_of(error.errors())
    if isinstance(error, HTTPException):
        known = _BY_STATUS.get(error.status_code, Answer(error.status_code, "refused", "The request was refused."))
        return Answer(known.status, known.code, known.message, dict(error.headers or {})), ()
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind], ()
    return None


def fields_of(errors: Iterable[Mapping[str, object]]) -> list[Field]:
    """Fields and codes of a validation error, nothing else of it: no values, and no names but plain ones."""
    found = []
    for error in errors:
        place = error["loc"]
        parts = [str(p) for p in place if p not in ("body", "query", "path")] if isinstance(place, tuple) else []
        found.append(Field(".".join(plain_name(p) for p in parts) or "body", str(error["type"])))
    return found


def plain_name(name: str) -> str:
    """A field's name if it reads like one, else ``?``: a caller's key may itself be something personal."""
    return name if _PLAIN_NAME.fullmatch(name) or (name.isdigit() and len(name) < 4) else "?"


def error_response(answer: Answer, request_id: str, fields: Sequence[Field] = ()) -> Response:
    """The HTTP answer in the one shape of errors."""
    body = {
        "error": {
            "code": answer.code,
            "message": answer.message,
            "fields": [{"field": f.field, "code": f.code} for f in fields],
        },
        "request_id": request_id,
    }
    return Response(json.dumps(body), answer.status, dict(answer.headers), "application/json")
