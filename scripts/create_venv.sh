#!/bin/sh
# Creates the virtual environment $1 with the first Python >= 3.11 found, and uv $2 inside it.
set -eu
venv=$1
uv_version=$2

# 3.11 and 3.12 first: the embedded Redis server has wheels for no later one.
for candidate in ${PYTHON:-} python3.11 python3.12 python3 python3.13 python3.14; do
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "Gridclear needs Python 3.11 or newer; set PYTHON to its path." >&2
    exit 1
fi

rm -rf "$venv"
if "$python" -m venv "$venv" >/dev/null 2>&1; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
elif "$python" -m venv --clear --without-pip "$venv" && "$python" -m pip --version >/dev/null 2>&1; then
    # Debian splits ensurepip off: the system's pip can install into the environment as well.
    "$python" -m pip --python "$venv/bin/python" install --quiet "uv==$uv_version"
else
    rm -rf "$venv"
    echo "This Python has neither ensurepip nor pip: install the package python3-venv." >&2
    exit 1
fi
