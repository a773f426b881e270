"""Two small models, trained once for all tests that open one."""

import pytest

from scoring.fit import BoosterParams
from scoring.train import TrainedModel, TrainParams, train
from tests.scoring.tables import training_table


@pytest.fixture(scope="session")
def two_models() -> tuple[TrainedModel, TrainedModel]:
    quick = TrainParams(booster=BoosterParams(trees=12, depth=3, rate=0.3), folds=2, draws=20, challengers=())
    a, b = (train(training_table(seed, rows=450), quick, seed) for seed in (0, 1))
    return a, b
