"""Who the synthetic speakers are, and how each of them says a word this time."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from earmark.synthesis.espeak import Prosody

ACCENTS = (
    "en",
    "en-029",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-gb-x-rp",
    "en-us",
    "en-us-nyc",
)
_THROATS = """
    Alex Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Mario Michael Mike
    Nguyen Reed Storm adam anika announcer aunty belinda benjamin boris caleb croak david
    ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave iven3 iven4 john klatt klatt2
    klatt3 klatt4 klatt5 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 max michel miguel mike2
    pablo paul pedro quincy rob robert sandro steph steph3 travis victor
"""
VARIANTS = tuple(_THROATS.split())
"""Throats. Left out of espeak-ng's list: whispers, robots, near-doubles, voices that clip or drag,
and those of which a model trained on real speech understands fewer than about six digits in ten."""
ENDINGS = ("", ".", ",", "?", "!")


@dataclass(frozen=True)
class Voice:
    """A synthetic speaker.

    Attributes
    ----------
    language, variant
        The accent and the throat, by espeak-ng's names.
    rate_wpm, pitch, pitch_range, volume
        The speaker's habits, in the units of `Prosody`.
    """

    language: str
    variant: str
    rate_wpm: int
    pitch: int
    pitch_range: int
    volume: int = 100

    @property
    def name(self) -> str:
        """What espeak-ng calls it, for example `en-us+f2`."""
        return f"{self.language}+{self.variant}"


@dataclass(frozen=True)
class Delivery:
    """One take of one word: slightly different from the speaker's other takes.

    Attributes
    ----------
    prosody
        Speed, pitch and loudness of this take.
    ending
        Punctuation after the word, which bends its melody.
    before_seconds, after_seconds
        Silence around the word.
    """

    prosody: Prosody
    ending: str
    before_seconds: float
    after_seconds: float


def voice(seed: int, speaker: int) -> Voice:
    """The speaker with this number; no other speaker has a say in who it is.

    Parameters
    ----------
    seed
        Another seed is another set of people.
    speaker
        Number of the speaker, from 1. Speakers walk through all variants before one comes
        again, so that few speakers differ as much as they can.
    """
    chance = Random(f"{seed}/{speaker}")
    lap, place = divmod(speaker - 1, len(VARIANTS))
    variants = Random(f"{seed}/lap {lap}").sample(VARIANTS, len(VARIANTS))
    return Voice(
        language=chance.choice(ACCENTS),
        variant=variants[place],
        rate_wpm=chance.randint(115, 195),
        pitch=chance.randint(25, 75),
        pitch_range=chance.randint(20, 80),
        volume=chance.randint(60, 100),
    )


def delivery(voice: Voice, chance: Random) -> Delivery:
    """How `voice` says one word this time."""
    prosody = Prosody(
        rate_wpm=round(voice.rate_wpm * chance.uniform(0.88, 1.12)),
        pitch=voice.pitch + chance.randint(-6, 6),
        pitch_range=voice.pitch_range + chance.randint(-15, 15),
        volume=round(voice.volume * chance.uniform(0.8, 1.1)),
    )
    return Delivery(
        prosody=prosody,
        ending=chance.choice(ENDINGS),
        before_seconds=chance.uniform(0.05, 0.1),
        after_seconds=chance.uniform(0.05, 0.1),
    )
