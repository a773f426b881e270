"""What becomes of alerts: repeats within a cooldown are counted, provisional ones are confirmed or withdrawn."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flow.alerts import Alert


@dataclass
class Open:
    """The alert that a key's repeats belong to: its id, when it was raised, until when repeats count to it, how often
    the rule has turned true since, that time included."""

    alert_id: str
    ts: int
    until: int
    count: int = 1


class Cooldown:
    """One alert a rule and key for as long as its cooldown lasts.

    The cooldown runs from the moment of the alert that was raised, that moment included and its end not: with ``6h`` a
    rule that turns true again exactly six hours later raises the next alert.
    """

    def __init__(self, opened: Iterable[tuple[str, str, str, Open]] = ()) -> None:
        self._open: dict[tuple[str, str, str], Open] = {(rule, on, key): held for rule, on, key, held in opened}
        self._swept_at = 1024

    def admit(self, alert: Alert, cooldown_ms: int) -> Alert:
        """The alert itself where it is to be raised, else a ``repeat`` of the one before. Call in order of time."""
        if cooldown_ms <= 0:
            return alert
        name = (alert.rule, alert.on, alert.key)
        before = self._open.get(name)
        if before is not None and alert.ts < before.until:
            before.count += 1
            return alert.repeat_of(before.alert_id, before.count)
        self._open[name] = Open(alert.alert_id, alert.ts, alert.ts + cooldown_ms)
        if len(self._open) > self._swept_at:
            self._open = {n: o for n, o in self._open.items() if o.until > alert.ts}
            self._swept_at = max(1024, 2 * len(self._open))
        return alert

    def opened(self) -> Iterator[tuple[str, str, str, Open]]:
        """What a restart must know: (rule, kind, key, what is open)."""
        return ((*name, held) for name, held in self._open.items())


class Settlement:
    """Provisional alerts that wait for the final lane."""

    def __init__(self) -> None:
        self._waiting: dict[str, Alert] = {}
        self._due: list[tuple[int, int, str, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, alert: Alert) -> bool:
        """Remember a provisional alert; False where it has been told before."""
        if alert.alert_id in self._waiting:
            return False
        self._waiting[alert.alert_id] = alert
        heapq.heappush(self._due, alert.order())
        return True

    def settle(self, finals: list[Alert], watermark: int) -> list[Alert]:
        """What the final lane's alerts up to the watermark make of those that wait: ``confirmed`` where both say the
        same, ``final`` where only the final lane does, ``withdrawn`` where it does not."""
        out = []
        for alert in finals:
            known = alert.status == "final" and self._waiting.pop(alert.alert_id, None) is not None
            out.append(alert.as_("confirmed") if known else alert)
        while self._due and self._due[0][0] <= watermark:
            waiting = self._waiting.pop(heapq.heappop(self._due)[-1], None)
            if waiting is not None:
                out.append(waiting.as_("withdrawn"))
        return out
