"""The worlds that are measured: made, taken into landing, published, each once; kept when a folder is given."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import seconds
from graph.model import landing_schemas
from ingest.intake import IntakeOptions
from ingest.sources import SOURCES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world
from jobs.home import Home
from jobs.refresh import refresh
from jobs.sync import sync
from jobs.training import DAY, TrainingOptions, run_training
from landing.tables import Landing, View

ORDERS_PER_SHOP = 85
"""How many orders a shop of the default world has on average."""

SEED = 7
WARM_ORDERS = 5_000
"""Size of the world that compiles everything before anything is timed."""


@dataclass(frozen=True)
class World:
    """One world: its source files and the home folder made from them."""

    spec: WorldSpec
    files: Path
    home: Home

    def view(self) -> View:
        """What landing holds."""
        return Landing(self.home.landing, landing_schemas()).view()


class Worlds:
    """Worlds by number of orders, under one folder; what is there already from an earlier run is used again."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say

    def made(self, orders: int) -> World:
        """With source files."""
        world = self._world(orders)
        self._once(world, "files", lambda: make_world(world.spec, world.files))
        return world

    def landed(self, orders: int) -> World:
        """With everything in landing."""
        world = self.made(orders)
        self._once(world, "landing", lambda: _land(world))
        return world

    def served(self, orders: int) -> World:
        """With a published snapshot and a trained model."""
        world = self.landed(orders)
        end = world.spec.end_ts
        self._once(world, "snapshot", lambda: refresh(world.home, end, end, store=False))
        options = TrainingOptions(cut_ms=end, cadence_ms=28 * DAY)
        self._once(world, "model", lambda: run_training(world.home.landing, world.home.models, options))
        return world

    def scratch(self) -> Path:
        """A folder for what one measurement writes; the caller removes it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._folder, prefix="scratch-"))

    def _world(self, orders: int) -> World:
        spec = WorldSpec(merchants=max(40, round(orders / ORDERS_PER_SHOP)), seed=SEED)
        folder = self._folder / f"shops-{spec.merchants}-seed-{spec.seed}"
        return World(spec, folder / "world", Home(folder / "home"))

    def _once(self, world: World, what: str, make: Callable[[], object]) -> None:
        """Make something unless a mark, written last, says that it is there."""
        mark = world.files.parent / f"{what}.done"
        if not mark.exists():
            self._say(f"preparing: {world.spec.merchants:,} shops, {what}: {seconds(make):.1f} s")
            mark.touch()


def _land(world: World) -> None:
    home = world.home
    shutil.rmtree(home.root, ignore_errors=True)
    for source in SOURCES:
        options = IntakeOptions(now_ms=world.spec.end_ts)
        taken = sync(
            source, [world.files / source], home.landing, home.pseudonym_key, home.rejects, options, warn=_unheard
        )
        assert taken.ok, taken.totals


def _unheard(_warning: str) -> None:
    """The key of a bench world protects nobody."""


@dataclass(frozen=True)
class Bench:
    """What a run measures: sizes in orders, and how long. ``rate``: requests a second; ``seconds``: of each round."""

    orders: tuple[int, ...]
    worlds: Worlds
    rounds: int = 3
    rate: float = 50.0
    seconds: float = 20.0
