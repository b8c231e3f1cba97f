#!/usr/bin/env bash
# Installs the locked dependencies and this project into a virtual environment. Safe to repeat.
set -euo pipefail
venv=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' ||
  { echo "landstock needs Python 3.11 to 3.13; $("$python" --version) was found. Set PYTHON=…" >&2; exit 3; }

# Debian ships venv apart from python3.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
  else
    echo "This Python has no venv module. As root: apt-get install python3-venv" >&2; exit 3
  fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
# The lock holds versions and hashes, no addresses: packages come from whichever index this machine is set up for.
"$venv/bin/uv" export --quiet --frozen --no-emit-project --no-header --format requirements-txt > "$venv/requirements.txt"
"$venv/bin/uv" pip install --quiet --no-config --compile-bytecode --python "$venv/bin/python" --require-hashes -r "$venv/requirements.txt"
"$venv/bin/uv" pip install --quiet --no-config --python "$venv/bin/python" --no-deps -e .
