"""The texts that stand for the numbers of a scene: ids, names, streets, account numbers; each book's once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.world import names
from ingest.world.chance import Int
from ingest.world.letters import blank, coded, picked
from ingest.world.scene import COMPANY, PERSON, Scene


class Texts:
    """Ids in no order that would tell who was planted, and texts without which no two things are one."""

    def __init__(self, scene: Scene) -> None:
        rng = scene.chance.of("texts")
        self.shop = _mixed(rng, "M", len(scene.shops), 6)
        self.buyer = _mixed(rng, "B", len(scene.buyers), 7)
        self.device = _mixed(rng, "D", len(scene.devices), 7)
        self.order = coded("O", np.arange(1, len(scene.orders) + 1), 8)
        self.application = coded("AP", np.arange(1, len(scene.applications) + 1), 6)
        self.loan = coded("L", np.arange(1, len(scene.loans) + 1), 6)
        self.street = names.streets(rng, scene.places["region"], scene.places["kind"])
        self.phone = names.mobile_numbers(rng, len(scene.phones))
        self.account = names.account_numbers(rng, len(scene.accounts))
        self.person = names.identity_numbers(rng, scene.persons["region"])
        self.company = names.licence_numbers(rng, scene.companies["region"])
        self.person_name = names.person_names(rng, len(scene.persons))
        self.company_name = names.company_names(rng, scene.companies["region"], scene.companies["trade"])
        self.shop_name = names.shop_names(rng, len(scene.shops))

    def identity(self, kind: Int, number: Int) -> pa.Array:
        """Identity or licence number of a party; empty for shops and buyers."""
        person = picked(self.person, np.where(kind == PERSON, number, -1))
        return pc.coalesce(person, picked(self.company, np.where(kind == COMPANY, number, -1)))

    def id(self, kind: Int, number: Int) -> pa.Array:
        """Shop or buyer id of a party; empty for persons and companies."""
        shop = picked(self.shop, np.where(kind == 0, number, -1))
        return pc.coalesce(shop, picked(self.buyer, np.where(kind == 3, number, -1)))


def sometimes_blank(rng: np.random.Generator, text: pa.Array, share: float) -> pa.Array:
    """The column with a share of its values left out."""
    return blank(text, rng.random(len(text)) >= share)


def _mixed(rng: np.random.Generator, prefix: str, n: int, digits: int) -> pa.Array:
    return coded(prefix, rng.permutation(n) + 1, digits)
