"""The model card: what a model is for, what it was made from, how good it is, and where not to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]


_WAYS = {"time": "Forward in time", "group": "By connected group", "both": "Forward in time and by group"}


def model_card(name: str, version: str, features: int, metrics: Json) -> str:
    """Markdown from a model's metrics."""
    window = metrics["window"]
    lines = [
        f"# {name} {version}",
        "",
        "## Purpose",
        "Ranks merchants that ask for credit by the calibrated probability of confirmed fraud, or of being 90 days",
        "overdue within 180 days. Meant beside hard rules and people who decide; not meant for other products, for",
        "persons, or for merchants unlike those it was trained on.",
        "",
        "## Data",
        f"* Applications from {_day(window['first_ts'])} to {_day(window['last_ts'])}, labels known before "
        f"{_day(window['cut_ms'])}; {100 * metrics['share_of_cases']:.1f} % of them bad.",
        f"* Rows: {_counts(metrics['rows'])}. Bad cases: {_counts(metrics['cases'])}.",
        f"* Left out: {_counts(metrics['left_out']) or 'nothing'}.",
        f"* Median delay from application to label: {metrics['label_delay_days_median']} days. Applications "
        f"younger than {metrics['maturity_days']:g} days at the newest label are left out: bad ones are known first.",
        f"* {features} features, each from the last snapshot of a grid of {metrics['cadence_ms'] / 86_400_000:g} days "
        "before the application and from what was known then.",
        *_missing(metrics),
        *_made_with(metrics),
        "",
        "## Performance",
        f"Measured by: {metrics['evaluation']}.",
        "",
        "| model | features | AUC | average precision | Brier | ECE | KS |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(variant, figures) for variant, figures in metrics["models"].items()),
        "",
        *_blocks(metrics),
        f"Lift of the kept model (full) over the same model on own facts only (tabular): AUC "
        f"{_interval(metrics['lift']['auc'])}, average precision {_interval(metrics['lift']['average_precision'])}. "
        f"{_verdict(metrics['lift']['average_precision'])}",
        "",
        *_new_merchants(metrics),
        *_cross_validated(metrics),
        *_segments(metrics),
        "## Limits",
        "* Labels are late, incomplete and noisy; outcomes of declined applications are never learnt.",
        "* A merchant may stand on both sides of the split in time; the folds by group keep it on one.",
        "* Figures of segments rest on few cases; a gap between two of them is often noise.",
        "* Reasons name the merchant's own figures; what others did counts in the score and is never told.",
        "* Intervals are bootstraps over rows (95 %); rows of one merchant are not independent.",
        "* Money is compared within a merchant's main currency, never across currencies.",
        "",
        "## Monitoring",
        "* Monthly: the share of values not known per feature, and the drift of score and features against these rows.",
        "* As labels arrive: predicted against observed, as a whole and for the segments above; the order of deciles.",
        "* Before any change: the challenger in the shadow (`ringfence promote --shadow VERSION`, `ringfence shadow`).",
        "* Train anew when calibration leaves its interval, a source changes what it sends, or the feature set version",
        "  changes: the service refuses a model of another feature set.",
        "",
    ]
    return "\n".join(lines)


def _day(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def _counts(found: Json) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in found.items() if v)


def _interval(found: Json) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _row(variant: str, f: Json) -> str:
    return (
        f"| {variant} | {f['features']} | {_interval(f['auc'])} | {_interval(f['average_precision'])} "
        f"| {f['brier']:.4f} | {f['ece']:.4f} | {f['ks']:.3f} |"
    )


def _verdict(lift: Json) -> str:
    if lift["low"] > 0:
        return "The lift is larger than its noise."
    if lift["high"] < 0:
        return "The graph made it worse on these rows."
    return "The interval holds zero: no lift is shown on these rows."


def _missing(metrics: Json) -> list[str]:
    absent = metrics["features_without_any_value"]
    return [f"* Features without any value here: {len(absent)} ({', '.join(absent)})."] if absent else []


def _new_merchants(metrics: Json) -> list[str]:
    fresh = metrics.get("new_merchants")
    if not fresh or not fresh["cases"] or fresh["full"]["auc"] != fresh["full"]["auc"]:
        return []
    return [
        f"On the {fresh['rows']} measured rows ({fresh['cases']} bad) of merchants never seen in fitting: AUC "
        f"{fresh['full']['auc']:.3f}, without the graph {fresh['tabular']['auc']:.3f}.",
        "",
    ]


def _cross_validated(metrics: Json) -> list[str]:
    found = metrics.get("cross_validation")
    if not found:
        return []
    lines = ["## Cross-validation", ""]
    for way, words in _WAYS.items():
        part = found[way]
        if not part["models"]:
            continue
        figures = "; ".join(
            f"{v} AUC {_interval(f['auc'])}, average precision {_interval(f['average_precision'])}"
            for v, f in part["models"].items()
        )
        lift = part["lift"]["average_precision"]
        left_out = f" Left out: {', '.join(part['left_out'])}." if part["left_out"] else ""
        lines += [
            f"* {words}: {part['folds']} folds, {part['rows']} rows ({part['cases']} bad): {figures}. Lift over own "
            f"facts: average precision {_interval(lift)}. {_verdict(lift)}{left_out}",
        ]
    return [
        *lines,
        "",
        f"{found['groups']} connected groups; the largest holds {found['largest_group_share']:.1%} of the rows.",
        "",
    ]


def _blocks(metrics: Json) -> list[str]:
    lines = ["| block | average precision over the one before | AUC over the one before |", "| --- | --- | --- |"]
    return [
        *lines,
        *(
            f"| + {b['adds']} | {_interval(b['average_precision'])} | {_interval(b['auc'])} |"
            for b in metrics["blocks"]
        ),
        "",
    ]


def _segments(metrics: Json) -> list[str]:
    lines: list[str] = []
    for kind, found in metrics.get("segments", {}).items():
        lines += [f"### By {kind}", "", "| | rows | bad | predicted | observed | AUC | average precision |"]
        lines += ["| --- " * 7 + "|"]
        for s in found:
            ranked = [f"{s[k]:.3f}" if s[k] is not None else "too few" for k in ("auc", "average_precision")]
            lines.append(
                f"| {_cell(s['name'])} | {s['rows']} | {s['cases']} | {s['predicted']:.3f} | {s['observed']:.3f} "
                f"| {ranked[0]} | {ranked[1]} |"
            )
        lines.append("")
    return lines


def _cell(text: str) -> str:
    """Text of a source within a table: nothing in it ends a cell or begins markup."""
    return "".join(c if c.isalnum() or c in " ._-()" else "?" for c in text)[:60]


def _made_with(metrics: Json) -> list[str]:
    made = metrics.get("made_with") or {}
    pins = made.get("packages", {})
    return [
        f"* Program: {made.get('program', 'not known')}, commit {made.get('commit', 'not known')}.",
        f"* Packages: {', '.join(f'{n} {v}' for n, v in pins.items()) or 'not known'}.",
        f"* Seed {metrics['seed']}; GraphSAGE: {metrics['network']}.",
    ]
