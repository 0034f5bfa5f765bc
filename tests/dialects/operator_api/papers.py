"""The operator API held to its own document: every reply of every test is one that it tells of."""

from functools import cache
from typing import Any

from dialects.papers import Papers
from tradepost.dialects.openapi.operator import operator_document


class OperatorPapers(Papers):
    """The document of the operator API, whose paths are whole ones."""

    def check(self, method: str, path: str, status: int, body: Any, headers: Any) -> None:
        """Fail with what is wrong with a reply."""
        found = [name for pattern, name in self._paths.items() if pattern.fullmatch(path)]
        name = min(found, key=lambda one: one.count("{"), default="")
        operation = self.document["paths"].get(name, {}).get(method.lower())
        if operation is None:
            self._fits(body, "components", "schemas", "Refused")
            assert status in (401, 403, 404), (method, path, status)
            return
        said = operation["responses"].get(str(status))
        assert said is not None, f"{method} {path} answered {status}, which its papers do not tell of: {body}"
        assert all(one in headers for one in said["headers"]), (method, path, status, headers)
        place = (
            "paths",
            name,
            method.lower(),
            "responses",
            str(status),
            "content",
            "application/json",
            "schema",
        )
        self._fits(body, *place)


@cache
def operator_papers() -> OperatorPapers:
    """The papers of the operator API, made once."""
    return OperatorPapers(operator_document("", "0"))
