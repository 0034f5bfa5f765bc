"""The keys under which secrets lie at rest: given as a setting, or in a file that only its owner can read."""

import base64
import binascii
import re
import stat
from pathlib import Path

from tradepost.config.settings import Settings

KEY_BYTES_MIN = 32
FILE_BYTES_MAX = 16_384


class KeysRefused(ValueError):
    """The keys cannot be used; the text says why, and never quotes them."""


def keys(settings: Settings) -> dict[str, bytes]:
    """The keys by id, the one for new secrets first; empty where none are set."""
    if settings.key and settings.key_file:
        raise KeysRefused("key and key_file are both set: keep one of them")
    if settings.key_file:
        return _parse(_read(settings.key_file, settings.data_dir))
    return _parse(settings.key) if settings.key else {}


def _parse(text: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in re.split(r"[,\s]+", text.strip()):
        name, colon, encoded = part.partition(":")
        if not colon or not re.fullmatch(r"[a-z0-9_-]{1,32}", name):
            raise KeysRefused("each key is written id:base64, with an id of small letters and digits")
        if name in found:
            raise KeysRefused(f"two keys have the id {name}")
        try:
            # Both alphabets, with or without the padding that some programs leave out.
            padded = encoded.replace("-", "+").replace("_", "/").rstrip("=")
            found[name] = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
        except binascii.Error:
            raise KeysRefused(f"the key {name} is not base64") from None
        if len(found[name]) < KEY_BYTES_MIN:
            raise KeysRefused(f"the key {name} is shorter than {KEY_BYTES_MIN} bytes")
    return found


def _read(path: Path, data_dir: Path) -> str:
    try:
        mode = path.stat().st_mode
        with path.open(encoding="ascii") as file:
            text = file.read(FILE_BYTES_MAX)
    except (OSError, UnicodeDecodeError) as error:
        raise KeysRefused(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeysRefused(f"{path} can be read by others than its owner: chmod 600 it")
    if path.resolve().is_relative_to(data_dir.resolve()):
        raise KeysRefused(
            f"{path} lies in the data directory, and would be in every backup with what it protects"
        )
    return text
