"""The model is said once: everything made from it is whole, and its page is current."""

from __future__ import annotations

from graph.model import EDGES, FACTS, KIND, KINDS, RELATIONS, edge_schema, landing_schemas, node_schema
from graph.model_page import PAGE, page


def test_every_property_says_what_it_means() -> None:
    for thing in (*KINDS, *EDGES, *FACTS):
        assert thing.doc, thing.name
        assert all(p.doc for p in thing.properties), thing.name


def test_edges_join_kinds_that_exist_and_no_relation_is_declared_twice() -> None:
    assert all(a in KIND and b in KIND for a, _, b in RELATIONS)
    assert len(set(RELATIONS)) == len(RELATIONS)


def test_names_of_landing_tables_do_not_overlap_and_each_knows_when() -> None:
    assert len(landing_schemas()) == len(KINDS) + len(EDGES) + len(FACTS)
    assert all({"id", "updated_ts", "known_ts"} <= set(s.names) for s in landing_schemas().values())


def test_property_names_do_not_hide_the_columns_every_row_has() -> None:
    for schema in (*(node_schema(k.name) for k in KINDS), *(edge_schema(e.name) for e in EDGES)):
        assert len(set(schema.names)) == len(schema.names)


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m graph.model_page"
