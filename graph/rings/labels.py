"""What somebody knows about some shops of an order table."""

from __future__ import annotations

from pathlib import Path

from graph.table_columns import TableError, read_table

_WORDS = {"0": False, "1": True, "false": False, "true": True}


def known_shops(path: Path, merchant: str) -> dict[str, bool]:
    """Shop -> whether its orders were found to be fake: the merchant column and ``label`` (0 or 1) of a table.

    TableError names the row that has neither, or that says other than a row before it.
    """
    table = read_table(path, [merchant, "label"], needed=[merchant, "label"])
    known: dict[str, bool] = {}
    for row, (shop, label) in enumerate(zip(*(table[n].to_pylist() for n in (merchant, "label")), strict=True)):
        fake = _WORDS.get(str(label).strip().lower())
        if shop is None or fake is None:
            raise TableError("bad_label", f"{path}, row {row}: a label is 0 or 1 beside its merchant, got {label!r}")
        if known.setdefault(str(shop), fake) != fake:
            raise TableError("two_labels", f"{path}, row {row}: {merchant} {shop!r} has another label before")
    return known
