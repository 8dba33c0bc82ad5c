"""No column that can hold words is added without saying what erasure does to it."""

from collections import Counter

from django.apps import apps
from django.db import models

from tests.architecture.personal_data import CLASSES, KEPT, columns

WORDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField,
         models.FileField)  # fmt: skip
OWN = ("compliance", "settlement", "marketplace")


def columns_with_words() -> set[str]:
    """Every column of ours that can hold words, but for states and choices."""
    return {
        f"{app}.{model.__name__}.{field.name}"
        for app in OWN
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, WORDS) and not field.choices and field.name != "state"
    }


def test_each_column_with_words_says_what_erasure_does_to_it_once():
    told = Counter(name for table in CLASSES.values() for name in columns(table))
    assert sorted(columns_with_words() - set(told)) == [], "declare it in tests/architecture/personal_data.py"
    assert sorted(set(told) - columns_with_words()) == [], "these are gone"
    assert [name for name, times in told.items() if times > 1] == []


def test_what_stays_says_why():
    assert all(len(why) > 10 for _, why in KEPT.values())
