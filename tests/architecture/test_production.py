"""What serves developers cannot be imported where real money and real people are."""

import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT


@pytest.mark.parametrize("package", ["marketplace.development", "settlement.rails.standin"])
def test_development_tools_refuse_production(package):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "marketplace.config.settings.production"}
    result = subprocess.run(
        [sys.executable, "-c", f"import {package}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr
