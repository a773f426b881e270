"""Another rule set beside the running one: warmed from what the engine holds, then put in its place.

::

    warming = Warming(engine, rules)     # the engine's thread: copies columns, some tens of ms for a million events
    warming.run()                        # any thread, the longest part; the engine goes on meanwhile
    engine = warming.finish()            # the engine's thread: what came since, then the truth of every rule now

Where the engine already keeps all that the new rules read, nothing is replayed: ``run`` does nothing and ``finish``
only sets the truth of the new rules for every key.
"""

from __future__ import annotations

from flow.window.engine import WindowEngine
from policy.ruleset import RuleSet


class Warming:
    """One change of rules. The engine must not be used once ``finish`` has returned the other."""

    def __init__(self, engine: WindowEngine, rules: RuleSet) -> None:
        self._engine = engine
        self._rules = rules
        self.replays = not engine.covers(rules)
        self._held = engine.held_events() if self.replays else None
        self._taken = engine.taken
        self._fresh: WindowEngine | None = None

    def run(self) -> None:
        """Replay what the engine held when this was made."""
        if self._held is not None:
            self._fresh = WindowEngine(self._rules, capacity=2 * len(self._held.rows.ts))
            self._fresh.replay(self._held)
            self._held = None

    def finish(self) -> WindowEngine:
        """The engine with the new rules, as if they had run from the start."""
        if not self.replays:
            return self._engine.with_rules(self._rules)
        self.run()
        assert self._fresh is not None  # noqa: S101 - run has just made it
        self._fresh.replay(self._engine.held_events(self._taken))
        self._fresh.settle()
        return self._fresh
