"""Made-up names, no two alike: of drugs as strange as real ones, of brands, companies and proteins."""

from __future__ import annotations

from random import Random
from typing import Final

_ONSETS: Final = (
    *("b", "br", "c", "ch", "cl", "cr", "d", "dr", "f", "fl", "g", "gl", "gr", "h", "k", "l", "m", "n"),
    *("p", "pl", "pr", "r", "s", "st", "t", "tr", "v", "x", "z"),
)
_VOWELS: Final = ("a", "e", "i", "o", "u", "y", "ia", "io")
_CODAS: Final = ("b", "c", "l", "m", "n", "r", "s", "t", "x", "ct", "st", "nt", "")

SALTS: Final = ("hydrochloride", "sodium", "acetate", "mesylate", "phosphate", "maleate", "succinate")
_STEREO: Final = ("Levo", "Dextro", "(R)-", "(S)-", "Es", "Ar")
_LOCANTS: Final = ("N-acetyl", "3'-deoxy", "1,2-dihydro", "beta-", "α-", "17β-", "gamma-", "4-hydroxy")
_KINDS: Final = (
    "{} alfa",
    "{} F-18",
    "Technetium Tc-99m {}",
    "{}'s root extract",
    "{} (whole cell)",
    "{}mab",
)


def word(random: Random, syllables: int) -> str:
    """A pronounceable word in lower case."""
    parts = [random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(syllables)]
    return "".join(parts) + random.choice(_CODAS)


def draw_stem(random: Random) -> str:
    """What the names of a class end in."""
    return random.choice("aeiou") + random.choice(_ONSETS) + random.choice("aeio") + random.choice(_CODAS)


class NameBook:
    """Hands out names and remembers them, whatever their case."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def drug(self, stem: str) -> str:
        """A new name that ends in ``stem``; one in twelve is not a single plain word."""
        while True:
            name = (word(self._random, self._random.choice((1, 2, 2, 2, 3))) + stem).capitalize()
            shape = self._random.random()
            if shape < 0.04:
                name = self._random.choice(_LOCANTS) + name.lower()
            elif shape < 0.08:
                name = self._random.choice(_KINDS).format(name)
            if self._take(name):
                return name

    def salt(self, base: str) -> str | None:
        """A salt of the drug called ``base``, or None where all are taken."""
        return self._first_free([f"{base} {salt}" for salt in SALTS])

    def stereo(self, base: str) -> str | None:
        """A stereo-form of the drug called ``base``, or None where all are taken."""
        return self._first_free([prefix + base.lower() for prefix in _STEREO])

    def synonyms(self, name: str, count: int) -> tuple[str, ...]:
        """Up to ``count`` other names: Latin and French endings, a salt, a code, an older name."""
        wanted = [name + "um", name + "e", f"{name} {self._random.choice(SALTS)} hydrate"]
        wanted.append(f"{word(self._random, 1)[:3].upper()}-{self._random.randrange(100, 99_999)}")
        wanted += [word(self._random, 3).capitalize() + "in" for _ in range(count)]
        return tuple(alias for alias in self._random.sample(wanted, count) if self._take(alias))

    def brands(self, count: int) -> tuple[str, ...]:
        """``count`` new brand names."""
        return tuple(self._brand() for _ in range(count))

    def _brand(self) -> str:
        while not self._take(name := word(self._random, self._random.choice((2, 3, 3))).capitalize()):
            pass
        return name

    def _first_free(self, names: list[str]) -> str | None:
        self._random.shuffle(names)
        return next((name for name in names if self._take(name)), None)

    def _take(self, name: str) -> bool:
        known = len(self._taken)
        self._taken.add(name.casefold())
        return len(self._taken) > known
