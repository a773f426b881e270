"""The password of a store on a server comes from settings or a file and is repeated nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import Settings, SettingsError

SECRET = "canary-6f1ed0"


def test_a_password_from_the_settings_or_from_a_file_reaches_the_home(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n", "utf-8")
    for settings in (Settings(store_password=SECRET), Settings(store_password_file=file)):  # type: ignore[arg-type]  # as pydantic takes it
        assert settings.at_home().store_password == SECRET
        assert SECRET not in f"{settings!r} {settings} {settings.at_home()!r} {settings.model_dump_json()}"
    assert Settings().at_home().store_password is None


def test_a_password_given_twice_or_in_a_file_that_cannot_be_read_is_refused_without_it(tmp_path: Path) -> None:
    both = Settings(store_password=SECRET, store_password_file=tmp_path / "x")  # type: ignore[arg-type]  # as above
    for settings in (both, Settings(store_password_file=tmp_path / "missing")):
        with pytest.raises(SettingsError) as caught:
            settings.at_home()
        assert SECRET not in str(caught.value)
