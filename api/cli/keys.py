"""``ringfence keys``: who may call the service."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.output import Json, answer, home_of, now_ms, table

keys = typer.Typer(help="Keys of programs that call the service.", no_args_is_help=True)
ACTOR = "user:command line"


def register(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys")


@keys.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="whose key: loan-origination, a person's name")],
    scope: Annotated[list[str] | None, typer.Option(help="score, read, metrics, rules, approve; default: all")] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is printed once; only its hash is kept."""
    from records import keys as records_keys
    from records.database import open_records

    with open_records(home_of(context).records_url).begin() as connection:
        secret = records_keys.create(connection, name, scope or list(records_keys.SCOPES), now_ms(), ACTOR)
    answer({"name": name, "key": secret}, as_json, [secret])


@keys.command("list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """The keys there are, without their secrets."""
    from dataclasses import asdict

    from records import keys as records_keys
    from records.database import open_records

    with open_records(home_of(context).records_url).begin() as connection:
        found = [asdict(k) for k in records_keys.list_keys(connection)]
    lines = (
        table([list(k.values()) for k in found], list(found[0])) if found else ["no keys yet: ringfence keys create"]
    )
    answer({"keys": found}, as_json, lines)


@keys.command("revoke")
def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="id of the key, as in ringfence keys list")],
    as_json: Json = False,
) -> None:
    """Make a key worthless at once."""
    from records import keys as records_keys
    from records.database import open_records

    with open_records(home_of(context).records_url).begin() as connection:
        records_keys.revoke(connection, key_id, now_ms(), ACTOR)
    answer({"revoked": key_id}, as_json, [f"revoked {key_id}"])
