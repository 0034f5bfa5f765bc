"""Events with fields, one line each, in JSON or for a person's eyes; what is secret never reaches the line.

    log = get(__name__)
    log.info("trade_accepted", trade_id=7)

Built on the standard `logging`, so what the libraries say comes out in the same shape.
"""

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import NoneType, TracebackType
from typing import Any, TextIO
from urllib.parse import parse_qsl

import msgspec

HIDDEN = "***"
TEXT_CHARS_MAX = 8_000  # of one value or of one traceback's text; the rest is cut and said to be cut
FIELDS_MAX = 40

# The parameters whose values a log may show. A name that is not here is hidden: a new one is safe at first.
SHOWN_PARAMETERS = frozenset(
    "project game appid contextid limit offset page count sort sort_column sort_dir group_by currency lang period "  # noqa: SIM905 - as a list it would be forty lines
    "price price_from price_to float float_from float_to paintseed paintindex from to date_from date_to "
    "id item_id custom_id state states type".split()
)
SHOWN_HEADERS = frozenset(
    {"accept", "content-length", "content-type", "host", "user-agent", "retry-after", "x-eresult"}
)

_SECRET_NAME = re.compile(
    r"token|secret|passw|key|authoriz|cookie|credential|jwt|totp|signature|session", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    # What a name gives away: `token=...`, `"secret": "..."`, in a query, a header, JSON or a repr.
    r"(?P<name>(?:token|secret|passw|key|hash(?!_name)|signature|session|jwt)\w*[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+"
    r"|(?P<scheme>\bBearer\s+)\S+"
    r"|(?P<header>\bcookie:\s*)[^\r\n]+"
    # What its own look gives away: our tokens and secrets, and the user of an address with a password.
    r"|\b(?:live|test|whsec)_[A-Za-z0-9+/=_-]{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"[=:]|earer |live_|test_|whsec_", re.IGNORECASE
)  # a text without one has no secret to find
_PART_OF_SIGN = re.compile(r"[=: _]")  # found eight times as fast, and most texts have none of these

_PLAIN = frozenset({int, float, bool, NoneType})  # what no secret can be in

_encode = msgspec.json.Encoder().encode

request_id: ContextVar[str] = ContextVar("request_id", default="")

_Trace = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Log:
    """A place to tell what happened: the name of the event, and its fields."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: object) -> None:
        """What only somebody who looks for a fault wants to know."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What happened as it should."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """What went wrong and was dealt with."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """What went wrong and needs somebody."""
        self._write(logging.ERROR, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """An error, with the exception that is being handled."""
        self._write(logging.ERROR, event, fields, sys.exc_info())

    @property
    def is_debug(self) -> bool:
        """Whether somebody looks for a fault."""
        return self._logger.isEnabledFor(logging.DEBUG)

    def _write(self, level: int, event: str, fields: dict[str, object], trace: _Trace | None = None) -> None:
        logger = self._logger
        if logger.isEnabledFor(level):
            # Not `logger.log`: it walks the stack for file and line, which costs more than all the rest.
            record = logging.LogRecord(logger.name, level, "", 0, event, (), trace)
            record.__dict__["fields"] = fields
            logger.handle(record)


def get(name: str) -> Log:
    """The log of a module."""
    return Log(name)


def setup(form: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Send everything that this process and its libraries say to one stream, a line an event."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Console())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    # No line of ours says in which thread or process it was written, and to find that out costs as much as to write it.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # The server's own access log would be a second line for each request, with its query in the clear.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error", "aiohttp", "asyncio"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True


def safe_query(query: str) -> str:
    """A query string as it may be written down: no value but those of parameters known to be harmless."""
    pairs = parse_qsl(query[:TEXT_CHARS_MAX], keep_blank_values=True, max_num_fields=None)
    shown = [
        f"{name}={value if name.partition('[')[0] in SHOWN_PARAMETERS else HIDDEN}" for name, value in pairs
    ]
    return "&".join(shown)


def safe_headers(headers: dict[str, str]) -> dict[str, str]:
    """Headers as they may be written down: the harmless ones, and only the names of the others."""
    return {name: value if name.lower() in SHOWN_HEADERS else HIDDEN for name, value in headers.items()}


def scrub(text: str) -> str:
    """A text without what looks like a secret in it: for what others wrote, exceptions among it."""
    if len(text) > TEXT_CHARS_MAX:
        half = TEXT_CHARS_MAX // 2  # the end of a traceback says the most
        text = f"{text[:half]} ...({len(text) - 2 * half} characters left out)... {text[-half:]}"
    if not text.isascii():
        # A lone surrogate is no text that can be written.
        text = text.encode("utf-8", "backslashreplace").decode()
    return _SECRET_TEXT.sub(_hide, text) if _PART_OF_SIGN.search(text) and _SIGN.search(text) else text


def _hide(found: re.Match[str]) -> str:
    return f"{found['name'] or found['scheme'] or found['header'] or ''}{HIDDEN}"


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _safe(name: str, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(name):
        return HIDDEN
    if type(value) is str:
        return scrub(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return {str(key): _safe(str(key), inner) for key, inner in list(value.items())[:FIELDS_MAX]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe("", inner) for inner in list(value)[:FIELDS_MAX]]
    return scrub(str(value))


@lru_cache(maxsize=1024)  # each place in the source that tells something has always the same fields
def _has_secret(names: tuple[str, ...]) -> bool:
    return any(map(_is_secret, names))


def _is_harmless(fields: dict[str, object]) -> bool:
    """Whether each of these fields may be written as it is, looked at as one text: so it is with most of what is told."""
    texts: list[str] = []
    for value in fields.values():
        kind = type(value)
        if kind is str:
            texts.append(value)  # type: ignore[arg-type]  # it is one
        elif kind not in _PLAIN:
            return False
    text = "\n".join(texts)
    return (
        len(text) <= TEXT_CHARS_MAX
        and text.isascii()
        and _PART_OF_SIGN.search(text) is None
        and not _has_secret(tuple(fields))
    )


@lru_cache(maxsize=2)  # what is said in one second has the same beginning
def _second(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat().removesuffix("+00:00")


class _Line(logging.Formatter):
    """What both forms have in common: which fields a record has, made safe."""

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        given: dict[str, Any] = getattr(record, "fields", {})
        safe = (
            dict(given)
            if _is_harmless(given)
            else {name: _safe(name, value) for name, value in given.items()}
        )
        if (current := request_id.get()) and "request_id" not in safe:
            safe["request_id"] = current
        if record.exc_info and record.exc_info[0] is not None:
            safe["exception"] = scrub(self.formatException(record.exc_info))
        return safe


class _Json(_Line):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        second, thousandth = divmod(int(record.created * 1000), 1000)
        line: dict[str, object] = {
            "time": f"{_second(second)}.{thousandth:03}Z",
            "level": record.levelname.lower(),
            "log": record.name,
            "event": scrub(record.getMessage()),
        }
        fields = self.fields(record)
        if line.keys().isdisjoint(fields):
            line.update(fields)
        else:
            # A field may not take the name of one of the four: it would pass itself off as the event.
            line |= {f"{name}_" if name in line else name: value for name, value in fields.items()}
        return _encode(line).decode()


class _Console(_Line):
    """One line for a person; what has spaces or control characters is quoted: nothing can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        trace = fields.pop("exception", None)
        parts = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()} "
        text = " ".join(
            [_second(int(record.created))[11:], level + _plain(scrub(record.getMessage())), *parts]
        )
        return text if trace is None else f"{text}\n{trace}"


def _quoted(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[!#-~]+", text) else _plain(msgspec.json.encode(text).decode())


def _plain(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
