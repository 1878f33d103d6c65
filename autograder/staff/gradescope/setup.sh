#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image: a Python that fits, and the pinned packages.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
python=
for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then # Ubuntu 22.04 has 3.10, and 3.11 beside it
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi
# With an index of CPU builds torch brings no GPU libraries (make gradescope INDEX=…).
if [ -s "$root/source/index.txt" ]; then
    PIP_EXTRA_INDEX_URL=$(cat "$root/source/index.txt")
    export PIP_EXTRA_INDEX_URL
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check -r "$root/source/requirements.txt"
"$root/venv/bin/python" -m compileall -q "$root/source/kit" || true
