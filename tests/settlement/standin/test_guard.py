"""The stand-in cannot be imported where stand-ins are not allowed."""

import os
import subprocess
import sys


def _import(code: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)


def test_settings_that_allow_no_stand_in_refuse_the_import():
    run = _import("from django.conf import settings; settings.configure(); import settlement.rails.standin")
    assert run.returncode != 0
    assert "ImproperlyConfigured" in run.stderr


def test_the_program_starts_without_settings():
    run = _import("import settlement.rails.standin.server")
    assert run.returncode == 0, run.stderr
