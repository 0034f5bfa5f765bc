#!/bin/sh
# Set up .venv with exactly what a lock file names: `setup.sh runtime` for the program, `setup.sh dev` for its tests
# too, `setup.sh bench` for all of it and what is measured with.
# Done already: says nothing, in a few milliseconds. Not possible: says in a sentence what to install.
set -eu
cd "$(dirname "$0")/.."

what=${1:-runtime}
case $what in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    bench) lock=requirements-bench.lock; sh scripts/setup.sh dev ;;
    *) echo "usage: setup.sh runtime|dev|bench" >&2; exit 2 ;;
esac

right='import sys; sys.exit(not (3, 11) <= sys.version_info[:2])'

find_python() {
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$python" >/dev/null 2>&1 && "$python" -c "$right" 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3")
    echo "Tradepost needs Python 3.11 or newer, and here is $found: install one, e.g. apt install python3.11 python3.11-venv" >&2
    exit 1
}

# The scripts of others that the pages use come from elsewhere than the packages; without them the pages still work.
fetch() {
    wanted=
    [ "$what" = dev ] && wanted=tests
    .venv/bin/python scripts/fetch_vendor.py $wanted || [ "$what" = runtime ]
}

# What was installed is known by the digest of what it was installed from; what is there for the tests is enough.
digest=$(cat requirements.lock requirements-dev.lock pyproject.toml | cksum)
enough=".venv/stamp-$what"
[ "$what" = runtime ] && enough="$enough .venv/stamp-dev"
[ "$what" = bench ] && digest="$digest $(cksum <requirements-bench.lock)"
if [ -x .venv/bin/tradepost ] && .venv/bin/python -c "$right" 2>/dev/null; then
    for stamp in $enough; do
        [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] && fetch && exit 0
    done
elif [ -x .venv/bin/python ] && .venv/bin/python -c "$right" 2>/dev/null; then
    :
else
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$python has no venv: install it, e.g. apt install python$version-venv, and try again" >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

printf 'Installing %s packages from %s ... ' "$(grep -c '^[a-z].*==' "$lock")" "$lock"
log=.venv/setup.log
pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .venv/bin/python -m pip install --progress-bar off"
if $pip --require-hashes -r "$lock" >"$log" 2>&1 &&
    $pip --no-build-isolation --no-deps --editable . >>"$log" 2>&1; then
    echo "$digest" >".venv/stamp-$what"
    echo done
    fetch
else
    echo failed
    grep -i '^error' "$log" | tail -n 3 >&2
    echo "The packages could not be installed (all that pip said is in $log): is the network there? Then try again." >&2
    exit 1
fi
