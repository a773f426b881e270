"""The page of features in the docs is the catalogue."""

from pathlib import Path

from graph.features.page import features_page


def test_the_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "features.md"
    assert page.read_text("utf-8") == features_page(), "run: python -m graph.features.page > docs/features.md"
