"""``client``: an app over a small published graph, with a key that may do everything, its clock at NOW.

Use ``still`` where nothing is changed or counted (one app for all tests), ``bare`` for an app over an empty home,
``make_client`` to choose settings or scopes. Tests of connections (slow senders, kills) start a real server: see
test_server.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from jobs.home import Home
from records import keys
from records.database import open_records
from tests.api.town import NOW, town

MakeClient = Callable[..., TestClient]


def new_key(home: Home, *scopes: str) -> str:
    """A key over a home's records."""
    engine = open_records(home.records_url)
    with engine.begin() as connection:
        key = keys.create(connection, "test", scopes or keys.SCOPES, NOW, "user:test")
    engine.dispose()
    return key


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town, built once; tests work on copies."""
    return town(tmp_path_factory.mktemp("town") / "home").root


@pytest.fixture
def home(tmp_path: Path, built: Path) -> Home:
    return Home(Path(shutil.copytree(built, tmp_path / "home")))


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    with ExitStack() as stack:

        def make(home: Home, *scopes: str, **settings: object) -> TestClient:
            key = new_key(home, *scopes)
            app = create_app(Settings(home=home.root, **settings), clock=lambda: NOW)  # type: ignore[arg-type]  # by name
            client = TestClient(app, headers={"X-API-Key": key}, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield make


@pytest.fixture(scope="session")
def still(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = Home(Path(shutil.copytree(built, tmp_path_factory.mktemp("still") / "home")))
    app = create_app(Settings(home=home.root), clock=lambda: NOW)
    with TestClient(app, headers={"X-API-Key": new_key(home)}, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(home: Home, make_client: MakeClient) -> TestClient:
    return make_client(home)


@pytest.fixture
def bare(tmp_path: Path, make_client: MakeClient) -> TestClient:
    return make_client(Home(tmp_path / "empty"))
