"""Addresses on our own site that a stranger names: where somebody is led after a sign-in is a path of ours, or nothing."""

import re

PATH_CHARS_MAX = 1_000

# What may stand in one, not what may not: each browser has its own idea of what else leads to another host.
_PATH = re.compile(r"/(?:[A-Za-z0-9_~.-]+(?:/[A-Za-z0-9_~.-]+)*)?", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9_~.:,;+%&=-]*", re.ASCII)
_DOTS = re.compile(r"/\.{1,2}(?:/|\Z)", re.ASCII)


def is_own_path(text: str) -> bool:
    """Whether a text is a path on our own site, as our own links write it, and cannot be read as anything else."""
    path, mark, query = text.partition("?")
    return (
        len(text) <= PATH_CHARS_MAX
        and bool(_PATH.fullmatch(path))
        and not _DOTS.search(path)
        and (not mark or bool(_QUERY.fullmatch(query)))
    )


class OwnPath(str):
    """A path on our own site: a parameter of a page."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "OwnPath":
        """The path as it is."""
        if not is_own_path(text):
            raise ValueError("must be a path on this site, such as /merchant")
        return cls(text)
