"""The truth: who was planted and which honest groups only look it. Tests and benchmarks open it, nothing else does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from ingest.world.chance import Int
from ingest.world.letters import picked
from ingest.world.scene import Scene
from ingest.world.texts import Texts

PLANTED = (
    "fake_order_ring",
    "brushing_platform",
    "device_farm",
    "address_farm",
    "fund_loop",
    "proceeds_home",
    "proceeds_to_buyers",
    "guarantee_circle",
    "forged_tax",
    "forged_customs",
)
"""Kinds of what was planted: one file each."""

LOOKALIKES = (
    "dormitory",
    "office",
    "parcel_locker",
    "group_leader",
    "family_phone",
    "fan_club",
    "flash_sale",
    "payroll",
    "treasury_pooling",
    "two_way_supplier",
    "shared_building",
    "shop_agency",
    "joint_liability",
)
"""Kinds of honest groups that look like something planted: one file each."""


def write_truth(scene: Scene, texts: Texts, root: Path) -> dict[str, int]:
    """``planted/KIND.json``, ``lookalikes/KIND.json``: a list of groups, members by ``Kind`` with ids as in the files
    (accounts, persons and companies in clear), other values as numbers; ``applications.json``: the true risk and
    outcome of each. Returns groups per file."""
    written: dict[str, int] = {}
    for folder, kinds in (("planted", PLANTED), ("lookalikes", LOOKALIKES)):
        for kind in kinds:
            groups = [_plain(g, texts) for g in scene.truth.get(kind, [])]
            written[f"truth/{folder}/{kind}.json"] = _write(root / "truth" / folder / f"{kind}.json", groups)
    apps = scene.applications
    rows = [
        {"application": a, "merchant": m, "risk": r / 1e6, "approved": bool(ok), "failed": bool(f)}
        for a, m, r, ok, f in zip(
            texts.application.to_pylist(),
            picked(texts.shop, apps["shop"]).to_pylist(),
            apps["risk_ppm"].tolist(),
            apps["approved"].tolist(),
            apps["failed"].tolist(),
            strict=True,
        )
    ]
    written["truth/applications.json"] = _write(root / "truth" / "applications.json", rows)
    return written


def _plain(group: Mapping[str, object], texts: Texts) -> dict[str, object]:
    ids: dict[str, pa.Array] = {
        "Merchant": texts.shop,
        "Buyer": texts.buyer,
        "Device": texts.device,
        "Account": texts.account,
        "Address": texts.street,
        "Phone": texts.phone,
        "Loan": texts.loan,
        "Company": texts.company,
        "Person": texts.person,
        "Application": texts.application,
    }
    plain: dict[str, object] = {}
    for name, value in group.items():
        if name in ids:
            plain[name] = picked(ids[name], np.atleast_1d(cast(Int, value))).to_pylist()
        else:
            plain[name] = value.item() if isinstance(value, np.generic) else value
    return plain


def _write(path: Path, rows: list[dict[str, object]]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False, sort_keys=True) for r in rows) + "\n]\n", "utf-8"
    )
    return len(rows)
