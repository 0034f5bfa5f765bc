"""A program that holds a running server against its own OpenAPI document, by thousands of made-up requests.

It runs beside the tests, one for each version of the API and one for links, as making a request up costs more than answering it. First
come Schemathesis's systematic cases (bounds, missing and odd values, other methods), then drawn ones; how many, who
starts it says. Much of what they name is replaced by things that the market knows. All is drawn from one seed.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tradepost.rules.contact import MAIL_CHARS_MAX

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OURS = {"internal_error", "disabled", "buy_items_disabled", "error_steam_or_bot"}  # causes on our side alone
FAILURES_MAX = 10
SYSTEMATIC_MAX = 400  # of one operation, from which some are taken
GROUNDED = 0.8  # of the cases, and of the names in them
ROWS = 20  # of a longer list the others stay as they were drawn
# An answer that does not end, or leads elsewhere, is no answer to check; and one call ends what all others are made with.
# Their own tests read them.
LEFT_OUT = {
    ("GET", "/stream"),
    ("GET", "/user/login"),
    ("GET", "/user/disconnect"),
    ("GET", "/user/exportCSV"),
    ("POST", "/user/deposit"),  # there is no provider of payments here, and both say so with 503
    ("POST", "/user/deposit/stripe"),
}
MAIL = "^[a-z0-9.+-]{1,20}@[a-z0-9]{1,20}(\\.[a-z]{2,9}){1,2}$"
USERS = "user"  # the API that has paths of its own, and says by the status alone what came of a call


def plainer(part: Any) -> Any:
    """The document with a plain pattern for addresses of mail: to draw by the whole one takes longer than all else."""
    if isinstance(part, dict):
        if part.get("maxLength") == MAIL_CHARS_MAX and "@" in part.get("pattern", ""):
            return {**part, "pattern": MAIL}
        return {name: plainer(one) for name, one in part.items()}
    return [plainer(one) for one in part] if isinstance(part, list) else part


@dataclass
class Run:
    """One run: what is asked, and what came of it."""

    url: str
    token: str
    version: str
    draw: random.Random
    known: dict[str, list[str]]
    each: dict[str, int]  # how many cases of a kind an operation has in a round
    session: requests.Session = field(default_factory=requests.Session)
    cases: int = 0
    words: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Where the version's paths begin."""
        return self.url if self.version in ("pay", USERS) else f"{self.url}/api/{self.version}"

    @property
    def headers(self) -> dict[str, str]:
        """What the token goes in."""
        return {"Authorization": f"Bearer {self.token}"} if self.version == USERS else {"Token": self.token}

    def schema(self) -> Any:
        """The document, as the server gives it to anybody."""
        below = {"pay": "/pay", USERS: "/user"}.get(self.version, "")
        document = self.session.get(f"{self.base}{below}/openapi.json", timeout=30).json()
        # The token is ours to send: made-up ones would end nearly all requests at the door.
        document.pop("security", None)
        document["components"].pop("securitySchemes", None)
        return schemathesis.openapi.from_dict(plainer(document))

    def try_one(self, case: Any) -> None:
        """Send a case, and note what is wrong with the answer."""
        self.cases += 1
        self.ground(case)
        try:
            response = case.call(self.base, self.session, headers=self.headers)
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            self.fail(
                case,
                "; ".join(f"{type(one).__name__}: {one.title}. {one.message}" for one in group.exceptions),
                response,
            )
            return
        if case.method == "HEAD":
            return
        word = self.word_of(response)
        self.words[word] += 1
        if word in OURS or word == "nothing":
            self.fail(case, f"answered {word}", response)

    def word_of(self, response: Any) -> str:
        """What a reply says: success, a word of refusal, or nothing that we would say."""
        try:
            body = json.loads(response.content)
        except ValueError:
            return "not modified" if response.status_code == 304 else "nothing"
        if not isinstance(body, dict):
            return "nothing"
        if self.version == USERS:
            return "success" if body.get("success") is True else str(response.status_code)
        return "success" if body.get("status") == "success" else str(body.get("error_message", "nothing"))

    def fail(self, case: Any, what: str, response: Any) -> None:
        self.failures.append(
            f"{case.method} {response.request.url}\n{str(response.request.body)[:500]}\n-> {response.status_code} {response.content[:500]!r}\n{what[:1500]}"
        )

    def ground(self, case: Any) -> None:
        """Put things that the market knows where a case names some: else nothing but refusals would be seen."""
        if (
            self.draw.random() < GROUNDED
        ):  # a key that was used stands for what it was used for, and hides the rest
            case.headers.pop("Idempotency-Key", None)
        if self.draw.random() < GROUNDED:
            for place in (case.query, case.body, case.path_parameters):
                self._ground(place)

    def _ground(self, value: Any) -> None:
        if isinstance(value, list):
            for one in value[:ROWS]:
                self._ground(one)
        elif isinstance(value, dict):
            for name, one in value.items():
                if name in self.known and self.draw.random() < GROUNDED:
                    value[name] = self.draw.choice(self.known[name])
                else:
                    self._ground(one)


def systematic(schema: Any, operation: Any, most: int, draw: random.Random) -> list[Any]:
    """The cases that follow from an operation's schema, or so many of them, drawn from all and in their order."""
    config = schema.config.generation_for(operation=operation)
    modes = list(GenerationMode)
    cases = schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=config)
    found = list(islice(cases, SYSTEMATIC_MAX))
    return [found[place] for place in sorted(draw.sample(range(len(found)), min(most, len(found))))]


def drawn(operation: Any, mode: GenerationMode, most: int, seed: int, do: Callable[[Any], None]) -> None:
    """Draw so many cases of an operation."""

    @seeded(seed)
    @settings(
        max_examples=most, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        do(case)

    with suppress(Unsatisfiable):  # of a call without parameters none can be broken
        run()


def fuzz(run: Run, seed: int, cases: int) -> None:
    """Every operation of a version, in one round or more until so many cases were tried; what went wrong is in the run."""
    schema = run.schema()
    operations = [result.ok() for result in schema.get_all_operations()]
    operations = [one for one in operations if (one.method.upper(), one.path) not in LEFT_OUT]
    for operation in operations:
        for case in systematic(schema, operation, run.each["systematic"], run.draw):
            run.try_one(case)
    for turn in count():
        for operation in operations:
            if (turn and run.cases >= cases) or len(run.failures) >= FAILURES_MAX:
                return
            drawn(operation, GenerationMode.POSITIVE, run.each["positive"], seed + turn, run.try_one)
            drawn(operation, GenerationMode.NEGATIVE, run.each["negative"], seed + turn, run.try_one)


def main() -> None:
    """Read what to do from standard input, and write what came of it to standard output."""
    asked = json.load(sys.stdin)
    draw = random.Random(asked["seed"])
    run = Run(asked["url"], asked["token"], asked["version"], draw, asked["known"], asked["each"])
    fuzz(run, asked["seed"], asked["cases"])
    said = {"cases": run.cases, "words": run.words, "failures": run.failures[:FAILURES_MAX]}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
