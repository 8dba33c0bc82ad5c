"""What a told end use says, in whatever disguise and language; and that honest uses stay honest."""

import pytest

from compliance.engine.decide import decide
from compliance.engine.written import readings, words_in
from tests.compliance.engine.world import PACK, lease

HONEST = (
    "Protein folding",
    "Weather model for the North Sea",
    "Fine-tuning a chat assistant for our shop",
    "Rendering an animated film",
    "Transcribing court hearings",
    "CT image segmentation",
    "Genome assembly, 40x coverage",
    "Enrichment analysis of gene sets",
    "Fraud detection on card payments",
    "Crash simulation of a bicycle helmet",
    "Translating manuals from Korean",
    "Speech recognition for call centres",
    "Drone delivery route planning",
    "Detecting defects in solar cells",
    "Simulating battery electrolytes",
    "Training a small language model for Icelandic",
    "Game sprites and level art",
    "Wildfire smoke forecast",
    "Optical character recognition of parish books",
    "Climate downscaling",
    "Recommendation model for a book shop",
    "Molecular dynamics of enzymes",
    "Credit scoring research",
    "Monitoring of bee hives by sound",
    "Teaching a course on CUDA",
    "3d reconstruction of churches",
    "Penetration depth of light in skin",
    "Bullet charts and dashboards",
    "Bomb calorimeter data",
    "Tank level forecasting",
    "Предсказание погоды",
    "Распознавание речи",
    "蛋白质结构预测",
    "天气预报",
    "图像识别",
    "번역 모델 학습",
    "Vorhersage des Strompreises",
    "Prévision de la demande",
    "Previsión de la demanda eléctrica",
    "ترجمة النصوص",
)
TELLING = (
    "Missile guidance",
    "paramilitary training",
    "a bioweapon",
    "cyberweapons",
    "army drone",
    "PLA AI research",
    "военный расчёт",
    "武器设计",
    "nu\u200bclear yield",
    "weap0n design",
    "w-e-a-p-o-n",
    "m\u0456litary planning",
    "Militärtechnik",
    "simulation de tête nucléaire",
    "uso militar",
    "تصميم سلاح",
    "مهندسی موشک",
    "미사일 궤도",
    "解放军项目",
    "Rüstung",
    "Waffensysteme",
    "NORINCO contract",
)


def codes(text: str) -> set[str]:
    return {reason.code for reason in decide(lease(end_use=text), PACK).reasons}


@pytest.mark.parametrize("text", TELLING)
def test_what_part_744_asks_about_is_seen(text):
    assert "end_use_sensitive" in codes(text)


def test_no_honest_use_is_held():
    assert len(HONEST) == 40
    assert {text: found for text in HONEST if (found := codes(text) & {"end_use_sensitive", "end_use_unknown"})} == {}


@pytest.mark.parametrize("text", [".", "?!", " ", "7", "x", "\u200b\u200b\u200b"])
def test_signs_and_digits_tell_no_use(text):
    assert "end_use_unknown" in codes(text)


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("S-a-n-c-t-i-o-n-s", "sanctions"),
        ("O.F.A.C. asks", "ofac asks"),
        ("s\u0430nct10ns", "sanctions"),
        ("Entity-List", "entity list"),
        ("an H100 and a 3D mesh", "an h100 and a 3d mesh"),
    ],
)
def test_disguises_are_undone(text, undone):
    assert readings(text)[1] == undone


def test_russian_stays_russian():
    assert readings("Военный")[0] == "военный"
    assert words_in("PLA and pla", exact=["PLA"]) == ["PLA"]
    assert words_in("dismissiles", starts=["missile"]) == []
