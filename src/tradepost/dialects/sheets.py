"""Sheets: what is sent whole and named by its content, such as documents, pages made once, and the files of pages."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from jinja2 import BaseLoader, Environment, TemplateNotFound
from starlette.requests import Request
from starlette.responses import Response

MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
KEPT_SECONDS = 31_536_000  # a file's address names its content, so that it never changes
MISDIRECTED = 421
FOLDERS = ("static", "vendor")  # our own files, and those of others, which `scripts/fetch_vendor.py` fetches


@dataclass(frozen=True)
class Sheet:
    """Something that is sent whole, and named by its content."""

    body: bytes
    media: str

    @cached_property
    def tag(self) -> str:
        """The name of exactly these bytes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes:
        """The same, as most browsers take it; there is nothing secret in a sheet that its length could tell."""
        return gzip.compress(self.body, 9, mtime=0)


class Static:
    """The files in a package's folders `static` and `vendor`, each at an address that names its content."""

    def __init__(self, package: str, prefix: str) -> None:
        self.path = f"{prefix}/{{name}}"
        self.sheets = {
            file.name: Sheet(file.read_bytes(), MEDIA[ending])
            for folder in (resources.files(package) / name for name in FOLDERS)
            if folder.is_dir()
            for file in folder.iterdir()
            if (ending := file.name.rpartition(".")[2]) in MEDIA
        }
        self.addresses = {name: f"{prefix}/{name}?v={sheet.tag[1:13]}" for name, sheet in self.sheets.items()}

    def respond(self, request: Request, policy: str) -> Response:
        """The file that is asked for by its name."""
        found = self.sheets.get(request.path_params["name"])
        if found is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        cache = f"public, max-age={KEPT_SECONDS}, immutable"
        return respond(request, found, {"Cache-Control": cache, "Content-Security-Policy": policy})


def respond(request: Request, sheet: Sheet, headers: dict[str, str]) -> Response:
    """A sheet, or that it is the one which the caller has already."""
    body, headers = sheet.body, {"ETag": sheet.tag, "Vary": "Accept-Encoding", **headers}
    if "gzip" in request.headers.get("accept-encoding", "") and len(sheet.compressed) < len(body):
        tag = f'{sheet.tag[:-1]}-gzip"'  # other bytes have another name
        body, headers = sheet.compressed, {**headers, "ETag": tag, "Content-Encoding": "gzip"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=sheet.media)


def misdirected() -> Response:
    """Say that pages are not served under the name by which the server was called."""
    text = "Pages are served for the hosts of the setting allowed_hosts alone.\n"
    return Response(text, MISDIRECTED, media_type="text/plain")


class Packaged(BaseLoader):
    """Templates as they are in a package's folder `templates`, wherever that is."""

    def __init__(self, package: str) -> None:
        self._package = package

    def get_source(self, environment: Environment, template: str) -> tuple[str, None, None]:
        """A template's text."""
        found = resources.files(self._package) / "templates" / template
        if not found.is_file():
            raise TemplateNotFound(template)
        return found.read_text(encoding="utf-8"), None, None


def templates(package: str) -> Environment:
    """What renders a package's templates, with every value escaped unless a template says otherwise."""
    return Environment(loader=Packaged(package), autoescape=True, trim_blocks=True, lstrip_blocks=True)
