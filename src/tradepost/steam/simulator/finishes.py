"""Finishes: the colours and the pattern that an item of the demo wears, drawn from its name alone, always the same."""

import hashlib
from dataclasses import dataclass

# Words of names that say a colour: a hue of 360, and how much of it, and how light, in percent.
_COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (2, 72, 46), "crimson": (348, 70, 42), "scarlet": (6, 75, 46), "blood": (356, 70, 36), "ruby": (345, 75, 45),
    "orange": (26, 85, 52), "amber": (38, 85, 52), "tiger": (32, 85, 50), "copper": (20, 60, 45), "bronze": (30, 55, 42),
    "gold": (46, 80, 52), "golden": (46, 80, 52), "yellow": (52, 85, 54), "sand": (40, 40, 60), "desert": (38, 38, 55),
    "green": (120, 42, 40), "emerald": (152, 60, 40), "jungle": (95, 35, 33), "forest": (105, 32, 32), "olive": (70, 35, 36),
    "lime": (85, 70, 48), "toxic": (88, 80, 48), "acid": (75, 85, 48), "mint": (160, 45, 60), "ivy": (130, 45, 35),
    "teal": (178, 55, 40), "ocean": (200, 65, 42), "water": (196, 60, 52), "ice": (196, 55, 75), "frost": (200, 45, 72),
    "blue": (216, 65, 46), "cobalt": (220, 70, 45), "sapphire": (222, 75, 46), "azure": (206, 70, 52), "night": (232, 35, 24),
    "purple": (275, 55, 45), "violet": (268, 55, 50), "amethyst": (280, 50, 55), "ultraviolet": (266, 70, 40),
    "pink": (330, 70, 62), "candy": (340, 75, 56), "rose": (345, 60, 55), "lotus": (325, 60, 50), "bubblegum": (325, 70, 66),
    "white": (210, 8, 88), "snow": (205, 15, 90), "pearl": (260, 14, 82), "silver": (210, 6, 70), "steel": (210, 10, 55),
    "grey": (210, 5, 50), "gray": (210, 5, 50), "smoke": (210, 6, 46), "urban": (215, 8, 52), "ash": (30, 5, 46),
    "black": (220, 10, 20), "dark": (225, 12, 24), "shadow": (230, 14, 26), "onyx": (230, 12, 18), "carbon": (215, 8, 26),
    "asiimov": (24, 88, 54), "redline": (2, 72, 40), "dragon": (14, 75, 45), "fire": (16, 85, 50), "lava": (12, 85, 48),
}  # fmt: skip
_MADE_OF = {  # words that say a pattern
    "fade": "fade", "doppler": "fade", "rainbow": "fade", "gradient": "fade", "marble": "fade", "aurora": "fade",
    "camo": "camo", "forest": "camo", "jungle": "camo", "safari": "camo", "mesh": "camo", "urban": "camo", "ddpat": "camo",
    "masked": "camo", "boreal": "camo", "tundra": "camo", "predator": "camo", "desert": "camo",
    "stripe": "stripes", "stripes": "stripes", "tiger": "stripes", "redline": "stripes", "asiimov": "stripes", "slashed": "stripes",
    "carbon": "weave", "fiber": "weave", "web": "weave", "snake": "weave", "scales": "weave", "hex": "weave",
}  # fmt: skip
_PATTERNS = ("plain", "stripes", "camo", "fade", "weave", "bands", "dots")


@dataclass(frozen=True, slots=True)
class Finish:
    """Two colours and a middle between them, and how they lie."""

    pattern: str
    base: str
    second: str
    light: str


def finish_of(name: str) -> Finish:
    """The finish of a name; its exteriors and counters are one finish."""
    bare = name.rsplit(" (", 1)[0].replace("StatTrak™ ", "").replace("Souvenir ", "").removeprefix("★ ")
    words = "".join(char if char.isalpha() else " " for char in bare.lower()).split()
    digest = hashlib.blake2b(bare.encode("utf-8", "replace"), digest_size=8).digest()
    told = next((_COLOURS[word] for word in words if word in _COLOURS), None)
    hue, much, light = told or (digest[0] * 360 // 256, 38 + digest[1] % 36, 36 + digest[2] % 26)
    pattern = next(
        (_MADE_OF[word] for word in words if word in _MADE_OF), _PATTERNS[digest[3] % len(_PATTERNS)]
    )
    other, dark = (hue + (150, 40, 200, 320, 180)[digest[4] % 5]) % 360, light - 8
    if told or pattern == "camo" or digest[5] % 2:  # one colour, in two shades
        other, dark = hue, max(light - 24, 9)
    return Finish(
        pattern,
        f"hsl({hue} {much}% {light}%)",
        f"hsl({other} {much}% {dark}%)",
        f"hsl({(hue + 20) % 360} {min(much + 8, 95)}% {min(light + 22, 92)}%)",
    )


def defs(finish: Finish) -> str:
    """What paints with a finish: a gradient or a pattern of the id `f`."""
    base, second, light = finish.base, finish.second, finish.light
    if finish.pattern == "fade":
        return (
            f'<linearGradient id="f" x1="0" x2="1" y2=".3"><stop stop-color="{light}"/><stop offset=".5" '
            f'stop-color="{base}"/><stop offset="1" stop-color="{second}"/></linearGradient>'
        )
    if finish.pattern == "plain":
        return f'<linearGradient id="f" x2="0" y2="1"><stop stop-color="{light}"/><stop offset=".45" stop-color="{base}"/><stop offset="1" stop-color="{second}"/></linearGradient>'
    size, inside = {
        "stripes": (9, f'<path d="M0 9L9 0h4L4 9zM-4 4L4-4" stroke="{second}" stroke-width="1.6" fill="{second}"/>'),
        "camo": (16, f'<path d="M1 3q4-4 7 0t6 1q2 3-2 4t-6-1-5-4zM9 11q3-2 5 0t-2 4-5-1 2-3z" fill="{second}"/><path d="M2 11q2-2 4 0t-1 3-4-1 1-2zM11 1q2-1 3 0t-1 2-2-2z" fill="{light}"/>'),
        "weave": (6, f'<path d="M0 3L3 0l3 3-3 3z" fill="{second}"/><path d="M0 3L3 0" stroke="{light}" stroke-width=".5"/>'),
        "bands": (26, f'<path d="M0 0h9l6 26H6z" fill="{second}"/><path d="M16 0h2.5l6 26H22z" fill="{light}"/>'),
        "dots": (8, f'<circle cx="2" cy="2" r="1.5" fill="{second}"/><circle cx="6" cy="6" r="1.1" fill="{light}"/>'),
    }[finish.pattern]  # fmt: skip
    return f'<pattern id="f" width="{size}" height="{size}" patternUnits="userSpaceOnUse"><rect width="{size}" height="{size}" fill="{base}"/>{inside}</pattern>'
