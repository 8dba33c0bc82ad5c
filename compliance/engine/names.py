"""Names made comparable: one alphabet, one case, no ornaments; company forms and generic words told apart."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz.distance import OSA

MAX_LENGTH = 300  # characters; what is longer is cut, so that nobody can make a comparison expensive
MAX_TOKENS = 16
_JOINERS = "\u200c\u200d"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMS = _words(
    """
    ab ad ag aktiengesellschaft aktiebolag anonim aps as asa bhd bv bvba co commandite company corp corporation cv
    dba dd doo ead eirl eood eurl fzc fzco fze fzllc gesellschaft gie gmbh haftung has incorporated inc ips jsc
    kabushiki kaisha kft kg kgaa kk lda limited limitada llc llp lp ltd ltda mbh nv nyrt oao odoo ohg ojsc ood ooo
    oy oyj pao pjsc plc pt pte pty pvt private public qsc rao rt sa sab sae sal saoc saog saras sarl sas sasu sca
    sccl scs sdn se sirketi sl sll snc societe anonyme sociedad anonima soe sp spa spol spzoo srl sro sti tic tov
    ug unlimited usaha vof wll xk yk zao zrt zoo
    """
)
_GENERIC = _words(
    """
    a abd abu agency aktien al and association bank ben bin bint bureau center centre china da de del der des die
    division dos du el electronic electronics engineering enterprise enterprises establishment export financial
    for foundation fund general global group groups holding holdings ibn import import-export industrial
    industries industry institute international investment investments la le management marine maritime ministry
    mv national of office oil organization petroleum products research science services shipping society solutions
    st state system systems tech technologies technology the trade trading transport und university van von y
    """
)
_HONORIFICS = _words(
    """
    mr mrs ms miss dr prof professor shaikh sheikh sheik haji hajji hajj sir general colonel
    """
)
_ASIAN_SURNAMES = _words(
    """
    an bai cai cao chan chang chao chen cheng cheung choi chong chu chung cui deng ding dong du duan fan fang feng
    fu gao ge gong gu guo han hao he ho hong hou hu huang hung jang jeong jia jiang jin jo jung kang kim ko kong
    kwon lai lam lau law lee lei leung li liang liao lim lin liu lo long lu luo ma mao meng mo ng ngo nguyen nie
    ning oh ou pak pan park peng pham qian qin qiu ren ri ryu shao shen shi shin so song su sun tan tang tao tian
    tong tran tse tsang wan wang wei wen wong woo wu xia xiang xiao xie xing xiong xu xue yan yang yao ye yi yim
    yin yoon you yu yuan yun zeng zhang zhao zheng zhong zhou zhu zhuang zou
    """
)
_LONG_FORMS = tuple(form for form in sorted(_FORMS) if len(form) >= 9)
_PHRASES = (
    ("joint stock company", "jsc"),
    ("joint stock compan", "jsc"),
    ("limited liability company", "llc"),
    ("limited liability partnership", "llp"),
    ("public limited company", "plc"),
    ("mit beschrankter haftung", "mbh"),
    ("sociedad anonima", "sa"),
    ("societe anonyme", "sa"),
    ("sp zoo", "spzoo"),
)
_LOOKALIKES = str.maketrans("01345789", "oieastbg")
_APOSTROPHES = re.compile(r"['`´’‘ʼʻʿʾ]")
_SYLLABLES = re.compile(r"[aeiouy]+")
_IDEOGRAPHS = re.compile("[\u3400-\u9fff\uac00-\ud7af]")
_SINGLES = re.compile(r"\b(?:[a-z] ){1,5}[a-z]\b")
_ABD_AL = re.compile(r"\babdu? ?(?:al|el|ul|ur|ar|as|an) ")
_SOUNDS = (("sch", "s"), ("kh", "h"), ("gh", "g"), ("ph", "f"), ("sh", "s"), ("ch", "c"), ("zh", "z"), ("th", "t"))


@dataclass(frozen=True, slots=True)
class PreparedName:
    """A name ready to be compared: its telling tokens in order, its company forms, and all of it written together.

    `ideographs` holds what the name has in Chinese characters or Hangul: transliterated, different names become one.
    `whole` is every letter of the plain name, titles and company forms too, without spaces.
    """

    text: str
    core: tuple[str, ...]
    forms: tuple[str, ...]
    squeezed: str
    ideographs: str = ""
    whole: str = ""

    @property
    def distinctive(self) -> bool:
        """Whether any token is more than a generic word or an initial."""
        return any(token not in _GENERIC and len(token) > 1 for token in self.core)


def plain(text: str) -> str:
    """The text in lower-case ASCII letters, digits and single spaces; invisible and direction marks are gone."""
    folded = unicodedata.normalize("NFKC", text[: MAX_LENGTH * 2])
    shown = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in folded if not _hidden(each))
    ascii_text = anyascii(_APOSTROPHES.sub("", "".join(shown)[:MAX_LENGTH])).casefold().replace("'", "")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", ascii_text).split())


def readable(text: str) -> str:
    """The name with single spaces; empty when it holds nothing to compare, or signs that nobody sees.

    Zero-width, direction and control characters let one name pass for another, before the lists and before an officer.
    The joiners stay: Persian and Indic scripts are written with them.
    """
    name = " ".join(text.split())
    unseen = any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co") and each not in _JOINERS for each in name)
    return "" if unseen or not plain(name) else name


@lru_cache(maxsize=4096)
def prepare(text: str, kind: str = "") -> PreparedName:
    """The name ready to be compared, as that of a person, or of an entity when `kind` is not "person"."""
    return prepare_uncached(text, kind)


def prepare_uncached(text: str, kind: str = "") -> PreparedName:
    """As `prepare`, for a whole list whose names are seen once."""
    person = kind == "person"
    letters = plain(text)
    known = _ABD_AL.sub("abdul ", letters) if person else _with_short_forms(letters)
    tokens = [_unmasked(token) if person else token for token in known.split()][:MAX_TOKENS]
    core = [token for token in tokens if not (token in _HONORIFICS if person else _is_form(token))]
    if not person and core[:1] == ["the"]:
        core = core[1:]
    forms = () if person else tuple(token for token in tokens if _is_form(token))
    core = core or tokens
    ideographs = "".join(_IDEOGRAPHS.findall(unicodedata.normalize("NFKC", text[:MAX_LENGTH])))
    return PreparedName(known, tuple(core), forms, "".join(core), ideographs, letters.replace(" ", ""))


def generic(token: str) -> bool:
    """Whether the word says little about whose name it is in."""
    return token in _GENERIC


@lru_cache(maxsize=65536)
def skeleton(token: str) -> str:
    """The token's consonants, spelling variants made one: what Mohammed, Muhammad and Mohamad share."""
    text = token
    for old, new in _SOUNDS:
        text = text.replace(old, new)
    text = text.translate(str.maketrans("qcxjwzyv", "kkkgvsiv"))
    first = "a" if text[:1] in "aeiou" else text[:1]
    rest = re.sub(r"[aeiouh]", "", text[1:])
    return first + re.sub(r"(.)\1+", r"\1", rest)


def short_asian_name(name: PreparedName) -> bool:
    """Whether it is so short an East Asian name in Latin letters that very many people bear it."""
    if not 2 <= len(name.core) <= 3 or not (set(name.core) & _ASIAN_SURNAMES):
        return False
    return sum(len(_SYLLABLES.findall(token)) for token in name.core) <= 3


def _with_short_forms(text: str) -> str:
    """Company forms in one word each, and single letters joined: A.B.C. G.m.b.H. becomes abc gmbh."""
    padded = f" {_SINGLES.sub(lambda found: found.group().replace(' ', ''), text)} "
    for phrase, form in _PHRASES:
        padded = padded.replace(f" {phrase} ", f" {form} ")
    return padded.strip()


@lru_cache(maxsize=65536)
def _is_form(token: str) -> bool:
    """Whether the token is a company form; long ones also when misspelt by a letter."""
    return token in _FORMS or (len(token) >= 9 and any(OSA.distance(token, form) <= 1 for form in _LONG_FORMS))


def _unmasked(token: str) -> str:
    """A person's name written with digits for letters, undone: Ig0r Sech1n."""
    has_both = any(each.isdigit() for each in token) and any(each.isalpha() for each in token)
    return token.translate(_LOOKALIKES) if has_both else token


def _hidden(character: str) -> bool:
    """Format characters (zero width, direction) and combining marks, but for those that Indic scripts need."""
    return unicodedata.category(character) in ("Cf", "Mn") and not "\u0900" <= character <= "\u0dff"
