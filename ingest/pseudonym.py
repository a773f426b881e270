"""Personal data becomes keyed tokens: one form first, so that the same number joins however it was written.

A token is HMAC-SHA256 under the installation's key, cut to 128 bits, with a prefix by kind: the same text as a phone
and as a card gives different tokens. Without the key a token can neither be made nor guessed from a list of numbers.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingest.feed import Personal

PREFIX: dict[Personal, str] = {
    Personal.NAME: "nm_",
    Personal.PHONE: "ph_",
    Personal.IDENTITY: "id_",
    Personal.CARD: "cd_",
    Personal.STREET: "st_",
    Personal.WAYBILL: "wb_",
}
_REMEMBERED = 500_000
_GAPS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_PHONE_GAPS = re.compile(r"[\s\-\u2010-\u2015\u2212()./]+")
_CHINESE = r"\u2e80-\u2fdf\u3000-\u303f\u3400-\u9fff\uf900-\ufaff"
_CHINESE_GAP = re.compile(rf"\s+(?=[{_CHINESE}])|(?<=[{_CHINESE}])\s+")


class KeyRefusedError(Exception):
    """The key file cannot be used: others may read it, or it does not hold a key."""


def _phone(text: str) -> str:
    digits = text if text.isdigit() else _PHONE_GAPS.sub("", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+86"):
        digits = digits[3:]
    elif re.fullmatch(r"861[3-9]\d{9}", digits):
        digits = digits[2:]
    if re.fullmatch(r"01[3-9]\d{9}", digits):  # the old trunk zero before a mobile number
        digits = digits[1:]
    return "" if digits == "+" else digits


def _number(text: str) -> str:
    if text.isalnum():
        return text.upper()
    return _GAPS.sub("", text).upper()


def _words(text: str) -> str:
    return " ".join(_CHINESE_GAP.sub("", text).split()).casefold()


_FORM: dict[Personal, Callable[[str], str]] = {
    Personal.NAME: _words,
    Personal.PHONE: _phone,
    Personal.IDENTITY: _number,
    Personal.CARD: _number,
    Personal.STREET: _words,
    Personal.WAYBILL: _number,
}


def one_form(kind: Personal, value: str) -> str:
    """The one form of a personal value; empty when nothing of it is left.

    All kinds: NFKC (full-width to plain). Phones: no gaps, without +86, 0086 or 86; other countries keep their +code.
    Identity numbers, cards, waybills: no gaps, capitals. Names and streets: one space between words, none beside a
    Chinese character, case folded.
    """
    return _FORM[kind](value if value.isascii() else unicodedata.normalize("NFKC", value))


class Pseudonymiser:
    """Makes tokens under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise KeyRefusedError("the key for tokens must have at least 16 bytes")
        self._key = key
        self._known: dict[Personal, dict[str, str | None]] = {kind: {} for kind in Personal}

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart without giving either away: kept with each batch in landing."""
        return hmac.digest(self._key, b"fingerprint", "sha256").hex()[:16]

    def token(self, kind: Personal, value: str) -> str:
        """The token of a value. ValueError (without the value) when nothing is left of it in its one form."""
        made = self._make(kind, value)
        if made is None:
            raise ValueError(f"no {kind.value} is left once the value is brought to its one form")
        return made

    def tokens(self, kind: Personal, values: pa.Array) -> pa.Array:
        """Tokens of a column of strings; null where the value is null or nothing of it is left."""
        coded = pc.dictionary_encode(values)
        known, made = self._known[kind], []
        if len(known) > _REMEMBERED:
            known.clear()
        for value in coded.dictionary.to_pylist():
            token = known.get(value, "")
            if token == "":
                token = known[value] = self._make(kind, value)
            made.append(token)
        return pa.array(made, pa.string()).take(coded.indices)

    def _make(self, kind: Personal, value: str) -> str | None:
        form = one_form(kind, value)
        if not form:
            return None
        digest = hmac.digest(self._key, f"{kind.value}\0{form}".encode(), "sha256")
        return PREFIX[kind] + digest[:16].hex()


def load_or_create_key(path: Path, warn: Callable[[str], None]) -> bytes:
    """The key in a file of mode 600; made on first use, with a warning to back it up.

    Raises KeyRefusedError when the group or others may read the file, or when it holds no key.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return _create(path, warn)
    except OSError as error:
        raise KeyRefusedError(f"cannot open the key file {path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise KeyRefusedError(f"{path} is no file; a key file belongs there")
    with os.fdopen(handle, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise KeyRefusedError(f"{path} has mode {mode:03o}: others may read the key; run chmod 600 on it")
        text = file.read(4096).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        raise KeyRefusedError(f"{path} does not hold a key (64 hexadecimal digits)") from None
    if len(key) < 16:
        raise KeyRefusedError(f"{path} holds a key of {len(key)} bytes; at least 16 are needed")
    return key


def _create(path: Path, warn: Callable[[str], None]) -> bytes:
    key = secrets.token_bytes(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and never over a key that another process just made
        except FileExistsError:
            return load_or_create_key(path, warn)
    finally:
        fresh.unlink()
    warn(
        f"made a new key for tokens in {path} (mode 600); keep a copy in a safe place: "
        "without it, what comes later no longer joins what is stored"
    )
    return key
