"""Every feature says what it means, in words that can be shown."""

import re

import numpy as np
import pytest

from graph.features.catalogue import CONCEPTS, CatalogueError, Feature, feature, function_of, register, version_of
from graph.features.compute import FEATURE_SET_VERSION, FEATURES
from graph.features.lens import Lens
from graph.snapshot import Float64

NAMES = [f.name for f in FEATURES]


def test_there_are_at_least_forty_features_and_every_concept_has_some() -> None:
    assert len(FEATURES) >= 40
    assert {f.concept for f in FEATURES} == set(CONCEPTS)


@pytest.mark.parametrize("declared", FEATURES, ids=NAMES)
def test_a_feature_has_a_one_sentence_meaning_and_words_for_reasons_in_both_languages(declared: Feature) -> None:
    assert declared.meaning.endswith(".")
    assert declared.meaning.count(". ") == 0
    assert 10 <= len(declared.meaning) <= 140
    assert (declared.en is None) == (declared.zh is None)
    assert declared.en is None or not set("{}:") & set(declared.en)
    assert declared.zh is None or re.search("[\u4e00-\u9fff]", declared.zh)


def test_what_is_adverse_on_neither_side_has_no_words_for_a_reason() -> None:
    assert [f.name for f in FEATURES if f.adverse == "either" and f.en is not None] == []


@pytest.mark.parametrize("declared", [f for f in FEATURES if f.concept != "application"], ids=lambda f: f.name)
def test_the_function_carries_the_name_of_its_feature(declared: Feature) -> None:
    assert getattr(function_of(declared.name), "__name__", None) == declared.name


def test_tabular_features_are_never_global() -> None:
    assert [f.name for f in FEATURES if f.tabular and f.radius == "global"] == []


def test_a_feature_without_a_docstring_is_refused() -> None:
    def silent(lens: Lens) -> Float64:
        return np.zeros(lens.n)

    with pytest.raises(CatalogueError, match="no docstring"):
        feature("silent", "count", concept="tax")(silent)


def test_a_name_taken_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match="declared twice"):
        register(FEATURES[0])


def test_the_version_changes_with_a_name_a_unit_or_a_radius_and_with_nothing_else() -> None:
    first = FEATURES[0]
    rest = FEATURES[1:]
    changed = [
        Feature(**{**vars(first), **change})
        for change in ({"name": "other"}, {"unit": "grams"}, {"radius": 2}, {"meaning": "Something else."})
    ]
    versions = [version_of([c, *rest]) for c in changed]
    assert version_of(reversed(FEATURES)) == FEATURE_SET_VERSION
    assert FEATURE_SET_VERSION not in versions[:3]
    assert versions[3] == FEATURE_SET_VERSION
