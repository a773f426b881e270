"""``make bench``: every suite, or those named: ``python -m benchmarks ingest load --orders 100000``."""

from __future__ import annotations

import argparse
import importlib
import platform

SUITES = {
    "ingest": "benchmarks.ingest",
    "load": "benchmarks.load",
    "mining": "benchmarks.mining",
    "score": "benchmarks.score",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", nargs="*", choices=[*SUITES, []], help="which suites; default: all")
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the world")
    options = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    for name in options.suite or SUITES:
        importlib.import_module(SUITES[name]).run(options.orders)


if __name__ == "__main__":
    main()
