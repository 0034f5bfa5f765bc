#!/bin/sh
# Write all lock files anew from pyproject.toml: every package that is needed, with the hashes of its files for all
# platforms. What this machine's own pip settings say (mirrors, folders of wheels) must not get into them.
set -eu
cd "$(dirname "$0")/.."

.venv/bin/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.6'

compile() {
    env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL -u PIP_TRUSTED_HOST PIP_CONFIG_FILE=/dev/null \
        CUSTOM_COMPILE_COMMAND="make lock" \
        .venv/bin/python -m piptools compile pyproject.toml --no-config --quiet \
        --generate-hashes --allow-unsafe --strip-extras --build-deps-for editable --annotation-style line \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options "$@"
}

compile --output-file requirements.lock
compile --output-file requirements-dev.lock --extra dev --constraint requirements.lock
compile --output-file requirements-bench.lock --extra bench --constraint requirements-dev.lock
