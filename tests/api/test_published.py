"""What is served follows the pointer; readers keep what they hold; trouble is told and survived."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph.model import landing_schemas, node_schema
from jobs.followed import Followed
from jobs.home import Home
from jobs.known import KnownMerchants
from jobs.published import NothingPublished, Published, Version
from landing.tables import Landing
from tests.api.town import AS_OF, publish_town, rows


def _until(published: Published, version: str) -> Version:
    for _ in range(500):
        if published.current().version == version:
            break
        time.sleep(0.01)
    return published.current()


def test_nothing_published_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="ringfence refresh"):
        Published(tmp_path).current()


def test_a_reader_keeps_its_version_while_the_next_is_served_and_the_old_swept(home: Home) -> None:
    published = Published(home.snapshots)
    old = published.current()
    publish_town(home, "000002", as_of=AS_OF + 86_400_000)
    new = _until(published, "000002")
    shutil.rmtree(home.snapshots / "000001")
    assert old.features.row("M9") is None
    assert new.features.row("M9") is not None
    assert old.snapshot.nodes["Merchant"].ids.to_pylist() == ["M1", "M2", "M3"]
    assert (old.as_of, new.as_of) == (AS_OF, AS_OF + 86_400_000)


def test_a_version_that_cannot_be_opened_is_told_and_the_last_good_one_served(home: Home) -> None:
    published = Published(home.snapshots)
    assert published.current().version == "000001"
    publish_town(home, "000002")
    (home.snapshots / "000002" / "features.arrow").write_bytes(b"damaged")
    for _ in range(500):
        assert published.current().version == "000001"
        if published.trouble:
            break
        time.sleep(0.01)
    assert published.trouble is not None
    assert "ringfence refresh" in published.trouble
    publish_town(home, "000003")
    _until(published, "000003")
    assert published.trouble is None


def test_a_broken_first_version_is_tried_again(home: Home) -> None:
    features = home.snapshots / "000001" / "features.arrow"
    whole = features.read_bytes()
    features.unlink()
    published = Published(home.snapshots)
    with pytest.raises(NothingPublished, match=r"features\.arrow"):
        published.current()
    features.write_bytes(whole)
    time.sleep(1.05)
    assert published.current().version == "000001"


def test_many_threads_see_one_opening(tmp_path: Path) -> None:
    pointer = tmp_path / "current"
    pointer.write_text("1")
    opened: list[int] = []

    def open_(_before: int | None) -> int:
        time.sleep(0.02)
        opened.append(1)
        return len(opened)

    followed = Followed(pointer, open_, ())
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: followed.current(), range(32))) == {1}
    assert opened == [1]


def test_a_merchant_is_in_clusters_itself_and_by_its_owners_and_accounts(home: Home) -> None:
    version = Published(home.snapshots).current()
    ring, loop = "fake-order-ring-000000000001", "fund-loop-000000000002"
    assert version.clusters_of("M1") == (ring, loop)  # the shop of the ring, and the holder of A2
    assert version.clusters_of("M3") == (loop,)  # its owner holds A1
    assert version.clusters_of("M2") == version.clusters_of("nobody") == ()


def test_features_are_found_by_id_and_strangers_are_not(home: Home) -> None:
    features = Published(home.snapshots).current().features
    assert [features.row(m)["orders_30d"] for m in ("M1", "M2")] == [3.0, 3.0]  # type: ignore[index]  # known
    assert (features.currency("M1"), features.currency("nobody")) == ("CNY", None)
    assert [features.row(m) for m in ("", "M", "M0", "M11", "ZZ", "店")] == [None] * 6


def test_a_merchant_is_known_once_any_source_named_it(home: Home) -> None:
    known = KnownMerchants(home.landing)
    assert "M1" in known  # described
    assert "M8" in known  # subject of an application only
    assert "B1" not in known  # a buyer
    assert "M10" not in known
    with Landing(home.landing, landing_schemas()).begin("b3", "test", "town") as batch:
        batch.add("Merchant", rows(node_schema("Merchant"), {"id": "M10"}))
    assert "M10" in known


def test_without_landing_nobody_is_known(tmp_path: Path) -> None:
    assert "M1" not in KnownMerchants(tmp_path / "landing")
