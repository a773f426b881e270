"""The service as ``ringfence serve`` runs it, with one more route: ``POST /v1/empty``, which asks for the same key and
the same scope as the score, takes the same body and answers with nothing. What the score costs beyond it is its own.

    python -m benchmarks.score_server --home DIR --port N [--not-before MS]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fastapi import Depends, Request
from fastapi.responses import Response

from api.app import create_app, wall_clock
from api.security import needs
from api.server import serve
from api.settings import Settings

EMPTY = "/v1/empty"


async def empty(request: Request) -> Response:
    """Read the body, answer with nothing."""
    await request.body()
    return Response(b"{}", media_type="application/json")


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--not-before", type=int, default=0, help="the clock shows at least this, epoch ms")
    options = parser.parse_args()
    said: dict[str, Any] = {"home": options.home, "port": options.port}
    settings = Settings(**said)
    app = create_app(settings, clock=lambda: max(wall_clock(), options.not_before))
    app.add_api_route(EMPTY, empty, methods=["POST"], dependencies=[Depends(needs("score"))])
    serve(settings, app)


if __name__ == "__main__":
    main()
