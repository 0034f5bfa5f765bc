"""The user API held to its own document: every reply of every test is one that it tells of."""

from functools import cache
from typing import Any

from dialects.papers import Papers
from tradepost.dialects.openapi.user import user_document


class UserPapers(Papers):
    """The document of the user API, whose paths are whole ones."""

    def check(self, method: str, path: str, status: int, body: Any, headers: Any) -> None:
        """Fail with what is wrong with a reply."""
        found = [name for pattern, name in self._paths.items() if pattern.fullmatch(path)]
        # A word of ours in a path goes before whatever may stand there.
        name = min(found, key=lambda one: one.count("{"), default="")
        operation = self.document["paths"].get(name, {}).get("get" if method == "HEAD" else method.lower())
        if operation is None:
            assert status in (401, 404, 429), (method, path, status)
            self._fits(body, "components", "schemas", "Failure")
            return
        said = operation["responses"].get(str(status))
        assert said is not None, f"{method} {path} answered {status}, which its papers do not tell of: {body}"
        if "Retry-After" in said["headers"]:
            assert "Retry-After" in headers, f"{method} {path} answered {status} without Retry-After"
        if method == "HEAD" or "content" not in said:
            return
        (media,) = said["content"]
        assert headers["Content-Type"].partition(";")[0] == media, (method, path, headers)
        if media != "application/json":
            return
        if name == "/csrf/token" and status == 200:
            body = {
                key: body[key] for key in ("err", "success", "content")
            }  # the rest stands at the root as well
        place = ("paths", name, method.lower(), "responses", str(status), "content", media, "schema")
        self._fits(body, *place)


@cache
def user_papers() -> UserPapers:
    """The papers of the user API, made once."""
    return UserPapers(user_document("", "0"))
