"""Making a world: the chapters in their order, then the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.world.bank_files import write_bank
from ingest.world.brushing import brush, pay_back
from ingest.world.calendar import Calendar
from ingest.world.chance import Chance
from ingest.world.circulation import Fronts, circulate
from ingest.world.credit import ask, lend
from ingest.world.crowd import gather_buyers
from ingest.world.demand import Market, close_orders, plain_demand
from ingest.world.event_file import write_events
from ingest.world.files import Files
from ingest.world.forgery import forge_customs, forge_tax
from ingest.world.fulfil import refund, ship
from ingest.world.gatherings import gather
from ingest.world.neighbours import pool_treasuries, raise_families, share_buildings, trade_both_ways
from ingest.world.office_files import write_customs, write_labels, write_logistics, write_tax
from ingest.world.outcomes import label
from ingest.world.papers import declare_exports, file_taxes, invoice
from ingest.world.plan import make_plan, strain
from ingest.world.platform_files import write_platform
from ingest.world.proceeds import divert
from ingest.world.sales import Sales
from ingest.world.scene import Scene
from ingest.world.shops import open_shops
from ingest.world.spec import WorldSpec
from ingest.world.sureties import stand_surety
from ingest.world.texts import Texts
from ingest.world.trade import give_back, invest, live, settle, supply
from ingest.world.truth import write_truth


def tell(spec: WorldSpec, report: Callable[[str], None] | None = None) -> Scene:
    """Everything that happens in a world, as numbers; nothing is written."""
    say = report or (lambda _: None)
    scene = Scene(spec, Chance(spec.seed), Calendar(spec))
    say("shops, people and buyers")
    open_shops(scene)
    share_buildings(scene)
    activity = gather_buyers(scene)
    ask(scene)
    plan = make_plan(scene)
    strain(scene, plan)
    say("orders")
    market = Market(scene)
    plain_demand(scene, market, activity)
    brush(scene, market, plan)
    gather(scene, market, plan)
    close_orders(scene)
    refund(scene)
    ship(scene)
    say("credit")
    sales = Sales(scene)
    lend(scene, sales)
    stand_surety(scene, plan)
    say("money")
    settle(scene)
    supply(scene)
    fronts = Fronts(scene, raise_families(scene))
    circulate(scene, plan, fronts)
    divert(scene, plan, fronts)
    live(scene)
    pool_treasuries(scene)
    trade_both_ways(scene)
    give_back(scene)
    pay_back(scene)
    invest(scene)
    say("papers and labels")
    file_taxes(scene, sales)
    invoice(scene, sales)
    declare_exports(scene, sales)
    forge_tax(scene, plan)
    forge_customs(scene, plan)
    label(scene)
    return scene


def make_world(spec: WorldSpec, out: Path, report: Callable[[str], None] | None = None) -> dict[str, int]:
    """Write a world's source files and its truth under ``out``; returns rows per file (groups per truth file).

    ``report`` is told what is being done. The same spec gives the same bytes. OSError when ``out`` cannot be written.
    """
    say = report or (lambda _: None)
    scene = tell(spec, report)
    say("files")
    texts = Texts(scene)
    files = Files(out, scene.calendar.end)
    for write in (write_platform, write_logistics, write_bank, write_tax, write_customs, write_labels):
        write(scene, texts, files)
    return {**files.rows, **write_events(scene, texts, out), **write_truth(scene, texts, out)}
