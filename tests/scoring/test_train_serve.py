"""Ten thousand merchants: the vector that training makes of a landing is the vector that the service reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graph.features.compute import FEATURE_SET_VERSION, FEATURES, compute_features
from graph.findings.mine import mine_findings
from graph.findings.table import findings_to_table
from graph.snapshot_build import build_snapshot
from graph.snapshot_files import read_table, save_snapshot
from jobs.published import open_version
from scoring.history import History
from scoring.network_inputs import READS, link_graph, network_inputs
from tests.features.worlds import AS_OF, DAY, random_world, tables
from tests.scoring.landings import landing_of

MERCHANTS = 10_000


@pytest.mark.slow
def test_training_and_serving_make_the_same_vectors_and_network_inputs_of_ten_thousand_merchants(
    tmp_path: Path,
) -> None:
    moment = AS_OF - DAY
    view = landing_of(tmp_path / "landing", tables(random_world(0, merchants=MERCHANTS, orders=20_000))).view()
    trained_on = History(view).snapshot(moment)
    in_training = compute_features(trained_on, mine_findings(trained_on))

    served_from = build_snapshot(lambda table: view.newest(table, moment), moment)
    findings = mine_findings(served_from)
    extra = {"features": compute_features(served_from, findings), "findings": findings_to_table(findings)}
    info = {"feature_set_version": FEATURE_SET_VERSION}
    save_snapshot(served_from, tmp_path / "000001", extra, info)
    version = open_version(tmp_path / "000001")

    assert in_training.num_rows == len(version.features) == MERCHANTS
    served = [version.features.row(m) or {} for m in in_training["merchant_id"].to_pylist()]
    names = [f.name for f in FEATURES if f.concept != "application"]
    differing = [
        n
        for n in names
        if not np.array_equal(in_training[n].to_numpy(), np.array([row[n] for row in served]), equal_nan=True)
    ]
    assert differing == []
    known = [n for n in names if np.isfinite(in_training[n].to_numpy()).any()]
    assert len(known) > 200  # the check has something to compare

    graphs = link_graph(trained_on), link_graph(version.snapshot)
    for one, other in zip(*(g.relations for g in graphs), strict=True):
        assert np.array_equal(one.into.ptr, other.into.ptr)
        assert np.array_equal(one.into.nbr, other.into.nbr)
    published = read_table(tmp_path / "000001", "features")
    assert np.array_equal(network_inputs(in_training, READS), network_inputs(published, READS), equal_nan=True)
