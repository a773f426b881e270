"""Cells as text: one form, and nothing in them that the eye cannot see."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.faults import Faults
from ingest.text import clean


def _clean(texts: list[str | None], limit: int = 128) -> tuple[list[str | None], dict[int, str]]:
    faults = Faults(len(texts))
    values = clean(pa.array(texts, pa.string()), "c", limit, faults)
    return values.to_pylist(), {int(r): code for rows, _, code in faults.notes for r in rows}


def test_text_is_kept_as_it_stands() -> None:
    cells = ["007", "NA", "null", "NaN", "None", "1e5", "330102199001011234", "0x1F", "-"]
    assert _clean([*cells]) == (cells, {})
    assert _clean([*cells, "王小明"]) == ([*cells, "王小明"], {})


def test_empty_cells_are_null() -> None:
    assert _clean(["", "  ", None, "\t", "\u3000", " a "]) == ([None, None, None, None, None, "a"], {})


def test_forms_that_look_alike_become_one() -> None:
    assert _clean(["Ｍ-１００１", "e\u0301", " M\u00a0", "ﬁ"]) == (["M-1001", "é", "M", "fi"], {})


@pytest.mark.parametrize(
    "hidden",
    ["\x00", "\n", "\t", "\x7f", "\x85", "\u00ad", "\u200b", "\u200d", "\u200e", "\u202e", "\u2066", "\u2060", "\ufeff",
     "\u2028", "\u3164", "\u115f", "\ufe0f", "\U000e0041", "\ue000", "\u034f", "\ufff9"],
)  # fmt: skip
def test_invisible_characters_are_refused(hidden: str) -> None:
    assert _clean([f"M{hidden}1", "M1"]) == ([None, "M1"], {0: "characters"})
    assert _clean([f"中{hidden}文", "中文"]) == ([None, "中文"], {0: "characters"})


def test_length_is_counted_in_characters() -> None:
    assert _clean(["中" * 5, "a" * 6], limit=5) == (["中" * 5, None], {1: "too_long"})
    assert _clean(["a" * 5, "a" * 6], limit=5) == (["a" * 5, None], {1: "too_long"})


def test_what_could_not_be_decoded_is_refused() -> None:
    assert _clean(["a\ufffdb"]) == ([None], {0: "encoding"})


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=12), max_size=12))
def test_each_cell_is_its_normal_form_or_is_refused(cells: list[str]) -> None:
    values, codes = _clean([*cells], limit=10)
    for i, cell in enumerate(cells):
        form = unicodedata.normalize("NFKC", cell).strip()
        if i not in codes:
            assert (values[i] or "") == form
            assert len(form) <= 10
            assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Zl", "Zp") for c in form)
        else:
            assert values[i] is None
