"""What verdicts on published rings teach about the scores of rings."""

from __future__ import annotations

from collections.abc import Iterable

from graph.findings.finding import Finding
from graph.findings.verdicts import Verdict, verdict_of
from graph.rings.calibration import Calibration, calibrated


def from_verdicts(findings: Iterable[Finding], verdicts: Iterable[Verdict]) -> Calibration:
    """From the fake-order rings published before that somebody gave a verdict on.

    The members a verdict knew must still be those of the finding: a group that grew since was not looked into.
    """
    words = {(v.finding_id, v.members): v.word for v in verdicts if v.kind == "fake_order_ring"}
    scores, fake = [], []
    for finding in findings:
        word = words.get((finding.id, frozenset(m.node for m in finding.members)))
        if word is None:
            continue
        mark = verdict_of(finding)
        mined = finding.score if mark is None else float(str(mark["score"]))
        scores.append(float(finding.numbers.get("formula_score", mined)))
        fake.append(word == "confirmed")
    return calibrated(scores, fake)
