"""IBM AMLSim's samples: accounts and transfers of a simulated bank, with planted cycles and fan-ins.

CSV or Parquet, two files a world: ``<world>_nodes`` and ``<world>_tx`` (or ``nodes``/``tx`` in a folder of the world's
name). Rules, stated once:

* Times are steps; a step is a day, step 0 is 2017-01-01T00:00Z, the simulator's default base date. All transfers of a
  day carry one time, so loops that need two steps within a day are invisible to strictly increasing times.
* Amounts have two decimals and no currency: USD is assumed.
* Account numbers start at 0 in every world, so ids are ``<world>-<number>``.
* Transfers carry no id: theirs is a hash of what they say and an occurrence number. Rows that repeat (one step, both
  ends and amount equal) are real in data this coarse and are kept apart.
* ``isFraud`` and ``fraudStep`` are the truth that was planted and are not taken; nor is ``init_balance``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.feed import As, Column, EdgeRows, End, Feed, NodeRows
from ingest.intake import Delivery
from ingest.public.published import PublicDataError, Table, find, is_data, listing
from ingest.public.shaping import Step, deliver

_AT = Column("at", As.TIME, "the step, as a day from 2017-01-01", "2017-01-02T00:00:00.000")

ACCOUNTS = Feed(
    "amlsim",
    "accounts",
    "Accounts of a world, there from its first day.",
    (Column("account_id", As.ID, "world and number", "20K_cycle200-280"), _AT),
    ("account_id",),
    (NodeRows(End("Account", "account_id")),),
    event_time="at",
    zone="UTC",
)

TRANSFERS = Feed(
    "amlsim",
    "transfers",
    "Money from account to account.",
    (
        Column("payment_id", As.ID, "made from the row's content and its occurrence", "tx-6f1ed002ab559585"),
        Column("from_id", As.ID, "world and sourceNodeId", "20K_cycle200-280"),
        Column("to_id", As.ID, "world and targetNodeId", "20K_cycle200-15349"),
        Column("value", As.MONEY, "how much", "147.80", low=0),
        Column("currency", As.ID, "assumed: the set names none", "USD"),
        _AT,
    ),
    ("payment_id",),
    (
        EdgeRows(
            "TRANSFER",
            End("Account", "from_id"),
            End("Account", "to_id"),
            {"ts": "at", "amount": "value", "currency": "currency"},
            id_column="payment_id",
        ),
    ),
    event_time="at",
    zone="UTC",
)

_NODES = Step(
    ACCOUNTS,
    Table(("nodes",), {"nodeid": ("nodeid",)}),
    "SELECT row_no, $1 || '-' || nodeid AS account_id, '2017-01-01T00:00:00.000' AS at FROM published",
)

_TX = Step(
    TRANSFERS,
    Table(
        ("tx",),
        {
            "sourceNodeId": ("sourceNodeId",),
            "targetNodeId": ("targetNodeId",),
            "value": ("value",),
            "time": ("time",),
        },
    ),
    """
    WITH counted AS (
        SELECT *,
               row_number() OVER (PARTITION BY sourceNodeId, targetNodeId, value, time ORDER BY row_no) AS occurrence,
               TIMESTAMP '2017-01-01' + to_days(try_cast(time AS INTEGER)) AS day
        FROM published
    )
    SELECT row_no,
           content_id('tx-', [$1, sourceNodeId, targetNodeId, value, time, occurrence::VARCHAR]) AS payment_id,
           $1 || '-' || sourceNodeId AS from_id,
           $1 || '-' || targetNodeId AS to_id,
           value,
           'USD' AS currency,
           coalesce(strftime(day, '%Y-%m-%dT%H:%M:%S.%g'), time) AS at
    FROM counted
    """,
    money=("value",),
)


def amlsim(path: Path) -> list[Delivery]:
    """Deliveries of every world in a folder (or of the one file ``path`` is)."""
    out = []
    for world, step in _there(path):
        file = find(path, step.table)
        if file is not None:
            out.append(deliver(replace(step, values=(world,)), file, {}))
    if not out:
        raise PublicDataError(f"{path}: no <world>_nodes or <world>_tx here, as .csv or .parquet")
    return out


def missing(path: Path) -> list[str]:
    """The other file of every world that has only one."""
    names = {(world, step.feed.name): step.table.name for world, step in _there(path)}
    worlds = {world for world, _ in names}
    lacking = [
        (w, f, n) for w in worlds for f, n in (("accounts", "nodes"), ("transfers", "tx")) if (w, f) not in names
    ]
    return sorted(f"{w}_{n}" for w, _, n in lacking)


def _there(path: Path) -> list[tuple[str, Step]]:
    """World and step of every file, accounts first, each step bound to the file's own name."""
    stems = sorted({p.stem for p in listing(path) if is_data(p)})
    there = []
    for step in (_NODES, _TX):
        short = step.table.name
        for stem in stems:
            if stem == short or stem.endswith(f"_{short}"):
                world = stem.removesuffix(short).rstrip("_") or path.resolve().name
                there.append((world, replace(step, table=replace(step.table, names=(stem,)))))
    return there
