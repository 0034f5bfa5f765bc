"""Conditions: what rows of a list must meet, put together one by one, each value a parameter of the statement."""

from collections.abc import Sequence


class Conditions:
    """The WHERE of one statement; `{}` in a condition is where its value goes."""

    def __init__(self, first: str, *values: object) -> None:
        """Begin with a condition in which the first values stand already, as $1, $2 and so on."""
        self.values: list[object] = list(values)
        self._all = [first] if first else []

    def add(self, condition: str, value: object) -> None:
        """Demand something of every row."""
        self.values.append(value)
        self._all.append(condition.format(f"${len(self.values)}"))

    def if_given(self, condition: str, value: object | None) -> None:
        """Demand it where somebody asked for it: not for None."""
        if value is not None:
            self.add(condition, list(value) if isinstance(value, tuple) else value)

    @property
    def sql(self) -> str:
        """All of them, joined."""
        return " AND ".join(self._all)

    def page(self, limit: int, offset: int) -> tuple[str, Sequence[object]]:
        """The LIMIT and OFFSET of a page, and all values of the statement that ends with it."""
        place = len(self.values)
        return f"LIMIT ${place + 1} OFFSET ${place + 2}", [*self.values, limit, offset]
