"""Commands for people who judge: verdict, why, hub, same, not-same."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.output import Json, answer, home_of, now_ms

ACTOR = "user:command line"


class VerdictWord(StrEnum):
    confirmed = "confirmed"
    false_alarm = "false_alarm"


Note = Annotated[str, typer.Option(help="why, for whoever reads it later; no personal data")]
By = Annotated[str, typer.Option(help="who says so, for the audit")]
First = Annotated[str, typer.Argument(help="a subject as Kind:id: Merchant, Person, Buyer or Account")]
Second = Annotated[str, typer.Argument(help="the other one, as Kind:id")]


def register(app: typer.Typer) -> None:
    app.command()(verdict)
    app.command()(why)
    app.command()(hub)
    app.command()(same)
    app.command("not-same")(not_same)


def verdict(
    context: typer.Context,
    finding: Annotated[str, typer.Argument(help="id of the finding, as in ringfence clusters")],
    word: Annotated[VerdictWord, typer.Argument(help="confirmed, or false_alarm")],
    note: Note = "",
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """Say what came out of looking into a finding. Confirmed: its shops' applications are labelled. False alarm: it is
    not raised again with the same members, but stays listed, far down."""
    from jobs.verdict import give_verdict

    given = give_verdict(home_of(context), finding, word.value, note, now_ms(), by)
    lines = [f"{finding}: {word.value.replace('_', ' ')}"]
    if given.labels:
        lines.append(f"labelled {len(given.labels)} applications: {', '.join(given.labels)}; next: ringfence train")
    answer(given.to_json(), as_json, lines)


def why(
    context: typer.Context,
    first: First,
    second: Second,
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
    as_json: Json = False,
) -> None:
    """Why two subjects belong together, or why they do not: what they share and what it counts."""
    from dataclasses import asdict

    from jobs.pair import why_pair

    found = why_pair(home_of(context), first, second)
    answer(asdict(found), as_json, [found.text_zh if language == "zh" else found.text_en])


def hub(
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="a device, phone, address or card as Kind:id, such as Address:A000001")],
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
    as_json: Json = False,
) -> None:
    """What an identifier of many people seems to be: a dormitory, an office, a parcel locker, a farm."""
    from dataclasses import asdict

    from jobs.pair import look_at_hub

    found = look_at_hub(home_of(context), node)
    answer(asdict(found), as_json, [found.text_zh if language == "zh" else found.text_en])


def same(
    context: typer.Context, first: First, second: Second, note: Note = "", by: By = ACTOR, as_json: Json = False
) -> None:
    """Say that two subjects are one hand: clusters join them from the next refresh on."""
    _say(context, first, second, "same", note, by, as_json)


def not_same(
    context: typer.Context,
    first: First,
    second: Second,
    note: Note = "",
    by: By = ACTOR,
    take_back: Annotated[bool, typer.Option(help="take back what was said on this pair, either way")] = False,
    as_json: Json = False,
) -> None:
    """Say that two subjects are not one hand: no cluster holds both from the next refresh on."""
    _say(context, first, second, "open" if take_back else "not_same", note, by, as_json)


def _say(context: typer.Context, first: str, second: str, word: str, note: str, by: str, as_json: bool) -> None:
    from dataclasses import asdict
    from typing import cast

    from jobs.pair import say_on_pair
    from records.pair_words import PairWord

    said = say_on_pair(home_of(context), first, second, cast("PairWord", word), note, now_ms(), by)
    told = {"same": "the same", "not_same": "not the same", "open": "open again"}[said.word]
    answer(asdict(said), as_json, [f"{first} and {second}: {told}; it counts from the next ringfence refresh on"])
