"""What the demo refuses, as a sentence for the person who started it."""


class DemoRefused(Exception):
    """The demo cannot start; the text says why, and what to do about it."""
