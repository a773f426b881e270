"""docs/events.md, made from the types of events: ``python -m flow.events_page`` writes it anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flow.batch import LONGEST_LINE
from flow.events import CLASSES, ONE_OF, PERSONAL, TYPES, Event
from flow.refusals import CODES
from flow.to_landing import ROWS
from ingest.feed import EdgeRows, NodeRows

PAGE = Path(__file__).resolve().parent.parent / "docs" / "events.md"

_HEAD = f"""# Events that ringfence takes

<!-- Made from the types in flow/events.py by `python -m flow.events_page`; a test holds it current. -->

An event is a JSON object on a line, over HTTP (`POST /v1/events`) or in a file (`ringfence flow --from`). What happens
to it then is told in [flow.md](flow.md).

* **Strict.** A field that is unknown, missing, of the wrong type or out of range refuses the line, with a code and the
  field; so does one that is named twice, NaN, text outside UTF-8 or a line over {LONGEST_LINE:,} bytes. The other
  lines go on.
* **ts**: ISO 8601 with a zone (`2026-03-01T08:15:00.250Z`, `+08:00`), from 1970 to 2100. Events are known to the
  millisecond: a time that is finer is refused, not rounded.
* **amount**: a whole number of minor units of `currency`, 0 to 10^15. `12900` with `CNY` is 129 yuan.
* **Ids** are the platform's and are taken as they are: 1 to 128 characters, none of them invisible. An account
  given by its number (15 digits and more) and an address given by its street become the tokens (`cd_...`, `st_...`)
  that they have in the graph, before anything is stored; over HTTP, alerts then name them so.
* **event_id** is made by the client. The same id with the same content is the same event (`exists`), however it is
  written; with another content it is a conflict and is not taken.
* **Personal** fields become keyed tokens before anything is stored, under the same key as files.
"""


def page() -> str:
    """The whole page as Markdown."""
    lines = [_HEAD, "## Every event\n", *_table(Event, Event.__struct_fields__)]
    common = set(Event.__struct_fields__)
    for name, cls in zip(TYPES, CLASSES, strict=True):
        own = [f for f in cls.__struct_fields__ if f not in common]
        lines += [f"\n## {name}\n", f"{cls.__doc__}\n", *_table(cls, own)]
        if cls in ONE_OF:
            lines.append(f"\nAt least one of {', '.join(f'`{f}`' for f in ONE_OF[cls])}.")
        lines += [f"\nIn the graph: {_becomes(cls)}.\n", "```json", _sample(name, cls), "```"]
    lines += ["\n## Codes of refused lines\n", "| code | meaning |", "| --- | --- |"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join(lines) + "\n"


def _table(cls: type[Event], names: tuple[str, ...] | list[str]) -> Iterator[str]:
    schemas = msgspec.json.schema(cls)["$defs"][cls.__name__]["properties"]
    required = {f.name for f in msgspec.structs.fields(cls) if f.required}
    yield "| field | type | | meaning |"
    yield "| --- | --- | --- | --- |"
    if cls is Event:
        yield f"| `type` | one of {', '.join(f'`{t}`' for t in TYPES)} | required | what happened |"
    for name in names:
        schema = _plain(schemas[name])
        said = _type(name, schema)
        if PERSONAL.get(cls, ("",))[0] == name:
            said += ", personal"
        needed = "required" if name in required else "optional"
        yield f"| `{name}` | {said} | {needed} | {schema.get('description', '')} |"


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field without its null."""
    found = [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]
    return {**schema, **found[0]}


def _type(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(f"`{v}`" for v in schema["enum"] if v is not None)
    if schema.get("type") == "integer":
        return f"whole number, 0 to {schema['maximum']:,}"
    return "time" if name == "ts" else "currency" if name == "currency" else f"text, to {schema.get('maxLength')}"


def _becomes(cls: type[Event]) -> str:
    said = []
    for rows in ROWS.get(cls, ()):
        if isinstance(rows, NodeRows):
            said.append(f"a node {rows.node.kind}")
        elif isinstance(rows, EdgeRows):
            said.append(f"{rows.src.kind} {rows.type} {rows.dst.kind}")
        else:
            said.append(f"a fact {rows.fact}")
    return ", ".join(dict.fromkeys(said)) or "nothing; it stays in the journal, for the rules"


_SAMPLES: dict[str, object] = {
    "event_id": "e1",
    "ts": "2026-03-01T08:15:00.250Z",
    "merchant_id": "M1",
    "buyer_id": "B7",
    "order_id": "O1",
    "amount": 12900,
    "currency": "CNY",
    "src": "A1",
    "dst": "A2",
    "loan_id": "L1",
    "account_id": "A1",
    "device_id": "D3",
    "status": "signed",
    "severity": "warning",
    "code": "FAKE_ORDERS",
}


def _sample(name: str, cls: type[Event]) -> str:
    required = [f.name for f in msgspec.structs.fields(cls) if f.required]
    shown = [
        *required,
        *(("buyer_id",) if cls in ONE_OF else ()),
        *(("device_id",) if name in ("order", "login") else ()),
    ]
    first = {"event_id": _SAMPLES["event_id"], "type": name, "ts": _SAMPLES["ts"]}
    return json.dumps(first | {f: _SAMPLES[f] for f in shown})


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
