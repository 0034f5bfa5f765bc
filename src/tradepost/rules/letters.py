"""Letters as people search by them: capital or small, the same letter."""

LETTERS_KEPT_MAX = 4096  # whose small ones are remembered; a stranger's search may hold any of a million


def fold(text: str) -> str:
    """Return a text in which capital and small letters are the same, each letter for itself.

    One letter stays one letter: full case folding makes "ss" of "ß", and whoever searches for "ß" then finds what
    has none. Of a letter that only a word of several could stand for, the letter itself is kept.
    """
    return text.lower() if text.isascii() else text.translate(_letters)


class _Letters(dict[int, int]):
    """The folded letter of each letter, found once: thousands of names are folded in one go."""

    def __missing__(self, code: int) -> int:
        letter = chr(code)
        folded = next(
            (found for found in (letter.casefold(), letter.lower()) if len(found) == 1),
            letter,
        )
        if len(self) >= LETTERS_KEPT_MAX:
            self.clear()
        self[code] = ord(folded)
        return ord(folded)


_letters = _Letters()
