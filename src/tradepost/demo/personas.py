"""Persona names for the demo's users: made of words of many tongues, and some that break careless pages.

A market shows names that strangers chose. The demo has quotes, ampersands, markup, emoji and scripts that run
from right to left from its first minute, so a page or a log that cannot bear them is seen at once.
"""

from collections.abc import Iterator

from tradepost.demo.dice import Dice

PERSONA_CHARS_MAX = 32  # Steam's own limit

AWKWARD = (
    'Sean "Ace" O\'Malley',
    "Tom & Jerry & Co",
    "<b>bold</b> trader",
    "صقر الصحراء",
    "עומר הצלף",
    "🦊 Füchslein 🦊",
    "100% legit; no scam?",
    "ｆｕｌｌ ｗｉｄｔｈ ♥",  # noqa: RUF001 - look-alikes are the point
    "{{7*7}} ${HOME} %s",
    "Zoë 👩‍👩‍👧 Ćwiek",
)

_TONGUES = (  # first words, last words, and what stands between them
    (
        ("quiet", "rusty", "lucky", "sleepy", "crimson", "northern"),
        ("otter", "comet", "anvil", "rook", "ember"),
        "_",
    ),
    (("Flinker", "Stiller", "Grauer", "Später"), ("Dachs", "Hüter", "Kranich", "Schütze"), " "),
    (("Тихий", "Рыжий", "Ночной", "Белый"), ("Кот", "Стрелок", "Ворон", "Лис"), " "),
    (("El Zorro", "La Niña", "Don Búho"), ("veloz", "del Sur", "sin suerte"), " "),
    (("Capitão", "Velho", "João"), ("do Café", "Trovão", "da Praia"), " "),
    (("Szybki", "Śpiący", "Żółty"), ("Bóbr", "Żubr", "Łoś"), " "),
    (("Gece", "Kırmızı", "Yalnız"), ("Kuşu", "Şahin", "Gölge"), " "),  # noqa: RUF001 - Turkish
    (("le petit", "Général", "l'œil"), ("chouette", "d'hiver", "têtu"), " "),
    (("ながれ", "さくら", "くろい"), ("ぼし", "ねこ", "かぜ"), ""),
    (("夜行", "雪地", "老"), ("猫", "狐", "茶馆"), ""),
    (("조용한", "푸른"), ("고래", "달빛"), " "),
    (("ثعلب", "نجم"), ("الليل", "الشمال"), " "),
)


def persona_names(dice: Dice) -> Iterator[str]:
    """Yields names that never repeat: the awkward ones first, then without end."""
    yield from AWKWARD
    given = set(AWKWARD)
    number = 0
    while True:
        first, last, joint = dice.pick(_TONGUES)
        name = f"{dice.pick(first)}{joint}{dice.pick(last)}"
        if name in given:  # the words run out long before the users need to
            number += 1
            name = f"{name} {number}"
        given.add(name)
        yield name
