"""Other scripts in Latin letters, and which of them leave the vowels out.

anyascii reads most scripts well, a letter at a time. Arabic and Hebrew are read here: it drops the long vowels of the
one and takes the Hebrew letters for their Biblical sounds. Chinese characters and Hangul become a syllable each.
"""

import re

from anyascii import anyascii

from compliance.engine.naming.vocabulary.characters import SIMPLIFIED
from compliance.engine.naming.vocabulary.people import FAMILY_READINGS
from compliance.engine.naming.vocabulary.tables import letters

_ARABIC = letters("""
a: ا أ آ ٱ ى ة ع ۀ ە
i: إ ئ ي ی ے ې
: ء ـ
u: ؤ و
b: ب
p: پ
t: ت ط ٹ ټ
th: ث
j: ج
ch: چ
h: ح ه ھ ہ
kh: خ
d: د ض ڈ ډ
dh: ذ
r: ر ڑ ړ
z: ز ظ
zh: ژ
s: س ص
sh: ش ښ
gh: غ
f: ف
v: ڤ
q: ق
k: ك ک
g: گ
l: ل
m: م
n: ن ں ڼ
""")
_HEBREW = letters("""
a: א ע
b: ב
g: ג
d: ד
h: ה ח
u: ו
z: ז
t: ט ת
i: י
k: כ ך ק
l: ל
m: מ ם
n: נ ן
s: ס
p: פ
f: ף
ts: צ ץ
r: ר
sh: ש
: ׳ ״
""")
_PERSIAN = {"ض": "z", "ذ": "z", "ظ": "z", "ث": "s", "ق": "gh"}  # where Arabic has d, dh, z, th and q
_READ_HERE = str.maketrans(_ARABIC | _HEBREW)
_READ_IN_PERSIAN = str.maketrans(_ARABIC | _HEBREW | _PERSIAN)
_PERSIAN_LETTERS = frozenset("پچژگکی")
_SYLLABIC = re.compile("[\u3400-\u9fff\uac00-\ud7af]")
# Hebrew, Arabic, Syriac; the Indic scripts, Thai and Khmer, whose unwritten vowels anyascii does not supply.
_VOWELLESS = re.compile(
    "[\u0590-\u07bf\u08a0-\u08ff\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ufb1d-\ufdff\ufe70-\ufefc]"
)
_ARTICLE = re.compile(r"(?<![\u0600-\u06ff])(?:وال|ال)(?=[\u0620-\u06ff]{3})")


def latin(text: str) -> str:
    """The text in lower-case ASCII letters, as it is read."""
    if text.isascii():
        return text.lower()
    table = _READ_HERE if _PERSIAN_LETTERS.isdisjoint(text) else _READ_IN_PERSIAN
    return anyascii(_ARTICLE.sub(" al ", text).translate(table)).casefold()


def syllables_apart(text: str) -> str:
    """Each Chinese character and Hangul syllable a word; a family name at the beginning read as family names are."""
    if text.isascii():
        return text
    if text[:1] in FAMILY_READINGS:
        text = FAMILY_READINGS[text[0]] + text[1:]
    return _SYLLABIC.sub(lambda found: f" {found.group()} ", text)


def ideographs(text: str) -> str:
    """The text's Chinese characters, simplified, and its Hangul: in Latin letters different names become one."""
    return "".join(_SYLLABIC.findall(text)).translate(SIMPLIFIED)


def vowelless(text: str) -> bool:
    """Whether the text is written in a script that leaves out vowels."""
    return bool(_VOWELLESS.search(text))
