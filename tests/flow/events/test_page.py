"""docs/events.md is what the types say, and its samples are events."""

from __future__ import annotations

import re

from flow.batch import decode
from flow.events import TYPES
from flow.events_page import PAGE, page
from flow.refusals import CODES


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m flow.events_page`"


def test_every_sample_is_taken() -> None:
    samples = re.findall(r"```json\n(.*)\n```", page())
    decoded = decode("\n".join(samples).encode())
    assert not decoded.refusals
    assert len(decoded.events) == len(TYPES)


def test_every_code_is_explained() -> None:
    assert all(f"| `{code}` |" in page() for code in CODES)
