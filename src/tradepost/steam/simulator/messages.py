"""The messages of Steam's sign-in service, read and written in both its ways: protobuf, and plain fields."""

import base64
import binascii
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from starlette.responses import Response

from tradepost.steam.simulator.calls import Call, answer, whole_number

ENCODED = "input_protobuf_encoded"
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_KIND_OF_WIRE = {"number": _VARINT, "fixed64": _FIXED64, "text": _LENGTH, "bytes": _LENGTH, "float": _FIXED32}
_VARINT_BYTES_MAX = 10


class Field(NamedTuple):
    """A field of a message: its number, and how its value is written."""

    number: int
    kind: str  # number, fixed64, text, bytes, float or messages


Message = dict[str, Field]


def read_message(call: Call, message: Message) -> dict[str, Any]:
    """The request's fields, protobuf or plain; those that are absent or broken are missing."""
    encoded = call.argument(ENCODED)
    if encoded:
        try:
            raw = base64.b64decode(encoded)
        except (binascii.Error, ValueError):
            return {}
        by_number = {field.number: (name, field.kind) for name, field in message.items()}
        return {
            by_number[number][0]: _typed(by_number[number][1], value)
            for number, value in _fields(raw)
            if number in by_number
        }
    plain = {name: call.argument(name) for name in message}
    return {
        name: (whole_number(text) or 0) if message[name].kind in {"number", "fixed64"} else text
        for name, text in plain.items()
        if text
    }


def write_message(call: Call, message: Message, values: dict[str, Any], eresult: int = 1) -> Response:
    """The answer in the way the request was written."""
    if call.argument(ENCODED):
        headers = {"X-eresult": str(eresult)}
        return Response(_encoded(message, values), headers=headers, media_type="application/octet-stream")
    shown = {
        name: str(value) if message[name].kind in {"number", "fixed64"} else value
        for name, value in values.items()
    }
    return answer({"response": shown}, eresult=eresult)


CONFIRMATION: Message = {"confirmation_type": Field(1, "number"), "associated_message": Field(2, "text")}


def _encoded(message: Message, values: dict[str, Any]) -> bytes:
    parts = []
    for name, value in values.items():
        number, kind = message[name]
        if kind == "messages":
            bodies = [_encoded(CONFIRMATION, each) for each in value]
            parts += [_varint(number << 3 | _LENGTH) + _varint(len(body)) + body for body in bodies]
            continue
        key = _varint(number << 3 | _KIND_OF_WIRE[kind])
        match kind:
            case "number":
                body = _varint(int(value))
            case "fixed64":
                body = struct.pack("<Q", value)
            case "float":
                body = struct.pack("<f", value)
            case _:
                raw = base64.b64decode(value) if kind == "bytes" else value.encode()
                body = _varint(len(raw)) + raw
        parts.append(key + body)
    return b"".join(parts)


def _typed(kind: str, value: int | bytes) -> Any:
    if isinstance(value, int):
        return value
    return base64.b64encode(value).decode() if kind == "bytes" else value.decode("utf-8", "replace")


def _varint(number: int) -> bytes:
    groups = []
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field of a message in turn, until its end or the first that makes no sense."""
    at = 0
    while at < len(raw):
        key, at = _read_varint(raw, at)
        wire = key & 7
        if wire == _VARINT:
            number, at = _read_varint(raw, at)
            yield key >> 3, number
            continue
        if wire == _LENGTH:
            size, at = _read_varint(raw, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(wire, len(raw) + 1)
        if size > len(raw) - at:
            return
        value = raw[at : at + size]
        at += size
        yield key >> 3, value if wire == _LENGTH else int.from_bytes(value, "little")


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    number = 0
    for index, byte in enumerate(raw[at : at + _VARINT_BYTES_MAX]):
        number |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return number, at + index + 1
    return number, len(raw)
