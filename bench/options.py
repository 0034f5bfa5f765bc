"""How a run of a benchmark is asked for: its own words and options, and whether it is the short form."""

from dataclasses import dataclass, field

ROUNDS = 3


class NotRun(Exception):
    """A benchmark that cannot run here; its one sentence says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Options:
    """What stood on the command line for one benchmark."""

    short: bool = False  # small and quick, to see that it works: its figures are printed and not kept
    rounds: int = ROUNDS
    words: tuple[str, ...] = ()  # what stood after the name: an axis, a command
    values: dict[str, str] = field(default_factory=dict)  # KEY=VALUE

    def text(self, name: str, default: str) -> str:
        """An option of the benchmark's own."""
        return self.values.get(name, default)

    def whole(self, name: str, default: int) -> int:
        """An option that is a whole number; it may have underscores and end in k or m, for thousands and millions."""
        given = self.values.get(name)
        if given is None:
            return default
        factor = {"k": 1_000, "m": 1_000_000}.get(given[-1:].lower(), 1)
        digits = given[:-1] if factor > 1 else given
        try:
            return int(digits) * factor
        except ValueError:
            raise NotRun(f"{name}={given} should be a whole number") from None

    def seconds(self, default: float) -> float:
        """How long one run of one side lasts: a fifth of it in the short form, unless `seconds=` says otherwise."""
        given = self.values.get("seconds")
        if given is not None:
            return float(given)
        return max(default / 5, 1.0) if self.short else default
