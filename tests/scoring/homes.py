"""A home folder after a real refresh, with models small enough to train in a blink."""

from __future__ import annotations

from pathlib import Path

from jobs.decide import ScoreRequest
from jobs.home import Home
from jobs.refresh import refresh
from jobs.score import score_application
from tests.api.town import AS_OF, NOW, land, promote_model


def refreshed_home(root: Path) -> Home:
    """The town of tests.api.town, landed, refreshed as of AS_OF and served by model v1."""
    home = Home(root)
    land(home)
    refresh(home, NOW, AS_OF, store=False)
    promote_model(home, "v1")
    return home


def scored(home: Home, application: str = "A1", merchant: str = "M1", amount: int = 500_000) -> str:
    """The id of the decision on an application, made NOW."""
    request = ScoreRequest(application, merchant, amount, "CNY", NOW)
    return str(score_application(home, request, lambda: NOW)["decision_id"])
