"""What all tests share. Fixtures of an area live in its own folder's conftest."""

from __future__ import annotations

from hypothesis import settings

# Machines are shared and slow at times: an example may take as long as it needs. A failure prints how to repeat it.
settings.register_profile("ringfence", deadline=None, print_blob=True)
settings.load_profile("ringfence")
