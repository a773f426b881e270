"""Proceeds of many loans over many transfers: cpu seconds beside a plain walk through the same movements.

    python -m benchmarks.proceeds [--transfers 1000000] [--loans 10000]

Each loan is paid out in one to three parts within a week and followed for 30 days over four hops, first in, first out
and in proportion. The floor is one numpy pass over the movements of each loan's time: reading them, no attribution.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from benchmarks.loops import DAY, heavy
from graph.proceeds.layout import BORROWER, LOAN, OWNER, Moves
from graph.proceeds.tracer import Payout, Tracer, TraceRule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, default=1_000_000)
    parser.add_argument("--loans", type=int, default=10_000)
    args = parser.parse_args()
    accounts = max(args.transfers // 10, 10)
    src, dst, ts, amount = heavy(args.transfers, accounts, 7)
    ts *= 12  # a year
    moves = Moves(src, dst, ts, np.rint(amount * 100).astype(np.int64))
    rng = np.random.default_rng(3)
    loans = []
    for account in rng.integers(0, accounts, args.loans).tolist():
        first = int(rng.integers(0, 300 * DAY))
        days = np.sort(rng.integers(0, 7, int(rng.integers(1, 4)))).tolist()
        loans.append([Payout(account, int(rng.integers(1, 50)) * 1_000_00, first + d * DAY) for d in days])
    base = np.zeros(accounts + 1, np.int8)
    base[-1] = LOAN
    report: dict[str, object] = {"transfers": args.transfers, "loans": args.loans, "parts": sum(map(len, loans))}
    began = time.process_time()
    for paid in loans:
        low, high = np.searchsorted(ts, [paid[0].ts, paid[-1].ts + 30 * DAY])
        int(moves.amount[low:high].sum() + moves.src[low:high].sum() + moves.dst[low:high].sum())
    report["floor_cpu_seconds"] = round(time.process_time() - began, 2)
    for attribution in ("fifo", "proportional"):
        tracer = Tracer(moves, accounts + 1, TraceRule(attribution))  # type: ignore[arg-type]  # one of the two
        tracer.trace_all(loans[0], base)  # compile
        began, cut = time.process_time(), 0
        for paid in loans:
            classes = base.copy()
            classes[paid[0].node] = BORROWER
            classes[(paid[0].node + 1) % accounts] = OWNER
            traces = tracer.trace_all(paid, classes)
            cut += bool(traces[0].why)
        report[attribution] = {"cpu_seconds": round(time.process_time() - began, 2), "truncated": cut}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
