"""From files to clusters, exports and questions, by the commands a user types."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

from graph.findings.finding import KINDS
from tests.main_job.conftest import END, SOURCES, Job, Run

pytestmark = pytest.mark.slow


def test_every_kind_of_finding_is_found_and_says_why_in_two_languages(done: Job, ringfence: Run) -> None:
    page = json.loads(ringfence(done.home, "clusters", "--limit", "1000", "--json").stdout)
    assert {c["kind"] for c in page["clusters"]} == set(KINDS)
    assert page["total"] == len(page["clusters"])
    assert all(c["text_en"] and any("\u4e00" <= x <= "\u9fff" for x in c["text_zh"]) for c in page["clusters"])
    assert [c["score"] for c in page["clusters"]] == sorted((c["score"] for c in page["clusters"]), reverse=True)


def test_planted_rings_are_among_the_highest_ranked(done: Job, ringfence: Run) -> None:
    found = json.loads(ringfence(done.home, "clusters", "--kind", "fake_order_ring", "--json").stdout)["clusters"]
    planted = {b for ring in done.truth("fake_order_ring") for b in ring["Buyer"]}
    planted |= {b for ring in done.truth("brushing_platform") for b in ring["Buyer"]}
    best = {m["id"] for m in found[0]["members"] if m["kind"] == "Buyer"}
    assert len(best & planted) > 0.8 * len(best)


def test_clusters_can_be_asked_by_kind_score_and_member(done: Job, ringfence: Run) -> None:
    every = json.loads(ringfence(done.home, "clusters", "--limit", "1000", "--json").stdout)["clusters"]
    one = every[0]["members"][0]
    mine = ringfence(done.home, "clusters", "--member", f"{one['kind']}:{one['id']}", "--json").stdout
    assert every[0]["id"] in {c["id"] for c in json.loads(mine)["clusters"]}
    high = json.loads(ringfence(done.home, "clusters", "--min-score", "0.9", "--limit", "1000", "--json").stdout)
    assert high["total"] == sum(c["score"] >= 0.9 for c in every)
    assert ringfence(done.home, "clusters", "--kind", "rings", check=False).returncode == 2


def test_taking_the_same_files_again_stores_nothing(fresh: Job, ringfence: Run) -> None:
    for source in SOURCES:
        again = json.loads(ringfence(fresh.home, "ingest", source, str(fresh.world / source), "--json").stdout)
        assert again["totals"]["stored_now"] == 0, source
        t = again["totals"]
        assert t["sent"] == t["stored"] + t["duplicate"] + t["rejected"] + t["conflict"]


def test_a_rebuild_gives_equal_answers(fresh: Job, ringfence: Run) -> None:
    before = ringfence(fresh.home, "clusters", "--limit", "1000", "--json").stdout
    asked = ("ask", "device_shared_by_buyers", "--param", "k=2", "--param", "limit=100", "--json")
    rows = json.loads(ringfence(fresh.home, *asked).stdout)["rows"]
    ringfence(fresh.home, "rebuild", "--as-of", END)
    after = ringfence(fresh.home, "clusters", "--limit", "1000", "--json").stdout
    assert json.loads(before)["clusters"] == json.loads(after)["clusters"]
    assert rows == json.loads(ringfence(fresh.home, *asked).stdout)["rows"]
    assert len(rows) > 5


@pytest.mark.parametrize("format_", ["graphml", "gexf", "json", "csv"])
def test_a_cluster_can_be_exported_and_read_back(done: Job, ringfence: Run, tmp_path: Path, format_: str) -> None:
    one = json.loads(ringfence(done.home, "clusters", "--limit", "1", "--json").stdout)["clusters"][0]
    out = tmp_path / f"cluster.{format_}"
    ringfence(done.home, "export", "--cluster", one["id"], "--format", format_, "--out", str(out))
    members = {f"{m['kind']}:{m['id']}" for m in one["members"]}
    if format_ == "graphml":
        assert members <= set(nx.read_graphml(out, force_multigraph=True).nodes)
    elif format_ == "gexf":
        assert members <= set(nx.read_gexf(out).nodes)
    else:
        assert out.stat().st_size > 100


def test_a_merchants_neighbourhood_can_be_exported_with_an_audit_row(
    fresh: Job, ringfence: Run, tmp_path: Path
) -> None:
    out = tmp_path / "m.graphml"
    said = ringfence(fresh.home, "export", "--merchant", "M000001", "--hops", "2", "--out", str(out), "--json").stdout
    assert json.loads(said)["nodes"] == nx.read_graphml(out, force_multigraph=True).number_of_nodes()
    from records.audit import entries
    from records.database import open_records

    with open_records(f"sqlite:///{fresh.home}/records/records.sqlite").begin() as connection:
        newest = entries(connection)[0]  # exports of other tests may be on record before it
    assert (newest.action, newest.target) == ("export", "Merchant:M000001")


def test_errors_name_what_is_wrong_and_what_to_do(done: Job, ringfence: Run, tmp_path: Path) -> None:
    empty = ringfence(tmp_path / "nothing", "clusters", check=False)
    assert (empty.returncode, "ringfence refresh" in empty.stderr) == (2, True)
    stranger = ringfence(done.home, "export", "--merchant", "nobody", "--out", str(tmp_path / "x"), check=False)
    assert (stranger.returncode, "nobody" in stranger.stderr) == (2, True)
    assert not (tmp_path / "x").exists()
    unknown = ringfence(done.home, "ask", "no_such_question", check=False)
    assert unknown.returncode == 2
    assert "Traceback" not in empty.stderr + stranger.stderr + unknown.stderr
