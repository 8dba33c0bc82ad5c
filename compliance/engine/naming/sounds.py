"""How a word sounds, however it was brought into Latin letters: keys under which spellings of one name meet."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

_ONE = itemgetter(1)  # the first group of what was found; a template would be read anew for each word
_New = str | Callable[[re.Match[str]], str]


class _Steps(NamedTuple):
    """What is written and how it sounds, in this order. Nothing of it is in a word without any of the letters."""

    letters: tuple[str, ...]
    steps: tuple[tuple[re.Pattern[str], _New], ...]


def _with(letters: str, *steps: tuple[str, _New]) -> _Steps:
    return _Steps(tuple(letters), tuple((re.compile(old), new) for old, new in steps))


def _always(*steps: tuple[str, _New]) -> _Steps:
    return _with("", *steps)._replace(letters=("",))


_SERVANT = _with("b", (r"^abd(?:[aeiou]+[lrsnztd])?(?=[a-z]{2})", "abd"))  # Abdul, Abdel, Abdur, Abd al-
# Capitals are sounds of their own (C as in church, J as in measure, Y as in yes).
_STEPS = (
    _SERVANT,
    _with("c", (r"^(?:mc|mac)(?=[b-df-hj-np-tv-z])", "mk")),
    _with(
        "hzj",
        (r"shch|tsch|tch|tsh|cz", "C"),
        (r"sch|sh|sz", "s"),
        (r"dzh|dj|jj", "j"),
        (r"zh", "J"),
        (r"kh|ch(?=[rl])", "h"),
        (r"ch", "C"),
        (r"gh", "g"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"dh", "d"),
        (r"bh", "b"),
    ),
    _with("t", (r"ts|tz", "s")),
    _with("cqx", (r"ck|qu|q", "k"), (r"^x", "s"), (r"x", "ks"), (r"c(?=[eiy])", "s"), (r"c", "k")),
    _with("f", (r"(?<=[oe])ff$|(?<=o)f$", "v")),
    _with("wz", (r"w", "v"), (r"z", "s")),
    _with("iyj", (r"^[yj]e", "e"), (r"^[yj](?=[aeou])", "Y"), (r"[aeo][iyj](?![aeou])", "i"), (r"[yj]", "i")),
    _with("oe", (r"oo|ou", "u"), (r"ee|ea|ie", "i"), (r"o", "u"), (r"e", "a")),
    _with("h", (r"(?<=[aiu])h$", "")),
    _always((r"(.)\1+", _ONE)),
)
_TWICE = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aiu]+")
# Voiced or not, g or h: what Taghi and Taqi, Sergey and Serhiy share.
_ROUGH = str.maketrans("bdgvJh", "ptkfCk")
_ABJAD_STEPS = (
    _SERVANT,
    _with("hxzc", (r"sh|ch|zh|x|z|c(?=[eiy])", "s")),
    _with("hcgqj", (r"kh", "h"), (r"ck|gh|qu|[cgqj]", "k")),
    _with("h", (r"ph", "f"), (r"th", "t"), (r"dh", "d")),
    _with("p", (r"p", "b")),
    _with("h", (r"(?<=.)h$", "")),
    _always((r"[aeiouwy]", "")),
)
# Wade-Giles and pinyin, McCune-Reischauer, Revised and whatever a passport has, in this order.
_SYLLABLE_STEPS = (
    _with("rl", (r"rh|r(?=[aeiouy])|l(?=[aeiouy])", "L")),
    _with("sx", (r"hs|sh|ss|sz|x|s", "S")),
    _with("tzcjq", (r"ts|tz|zh|ch|j|q|z|c", "C")),
    _with("pb", (r"ph|p|b", "P")),
    _with("td", (r"th|t|d", "T")),
    _with("kg", (r"kh|k|g(?!$)(?![^aeiouy])", "K"), (r"ar(?=K)", "a")),
    _with("hw", (r"(?<=[aeiou])[hw]", "")),
    _with(
        "eiouw",
        (r"ien|yen", "ian"),
        (r"u[ei]+", "i"),
        (r"oi|oe|we", "E"),
        (r"ae|ai", "e"),
        (r"eo|eu|oo|ou|uo|wo|u|w(?=[aeio])", "o"),
        (r"ee|ie|ih", "i"),
    ),
    _always((r"(.)\1+", _ONE)),
)


@lru_cache(maxsize=131072)
def fold(word: str) -> str:
    """The word by its sounds, three vowels left: what Mohammed, Muhammad and Mohamad share."""
    return _stepped(word, _STEPS)


@lru_cache(maxsize=131072)
def consonants(word: str) -> str:
    """The folded word without its vowels, one at the beginning but for, and without telling k from g or b from p."""
    folded = fold(word)
    return (folded[:1] + _VOWELS.sub("", folded[1:])).translate(_ROUGH)


@lru_cache(maxsize=131072)
def abjad(word: str) -> tuple[str, str]:
    """The consonants as a script without vowels and p would have them, v as f or left out; each once in a row."""
    bones = _stepped(word, _ABJAD_STEPS)
    return _once(bones.replace("v", "f")), _once(bones.replace("v", ""))


@lru_cache(maxsize=65536)
def syllables(word: str) -> str:
    """An East Asian word however it is romanised: what Hsi Chin-ping and Xi Jinping share."""
    return _stepped(word, _SYLLABLE_STEPS)


def _stepped(text: str, every: tuple[_Steps, ...]) -> str:
    for letters, steps in every:
        for letter in letters:
            if letter in text:
                for old, new in steps:
                    text = old.sub(new, text)
                break
    return text


def _once(text: str) -> str:
    return _TWICE.sub(_ONE, text)
