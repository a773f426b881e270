"""What all tests share. Fixtures of an area live in its own folder's conftest."""

from __future__ import annotations

import os

from hypothesis import settings

# Machines are shared and slow at times: an example may take as long as it needs. A failure prints how to repeat it.
# CI draws the same examples every time; at the desk each run draws new ones.
settings.register_profile("ringfence", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("ringfence")
