#!/bin/sh
# Run a command in the project's virtual environment:  sh scripts/run.sh COMMAND [ARGUMENT...]
#
# Makes .venv beside pyproject.toml if there is none, and brings it up to date when pyproject.toml or constraints.txt has
# changed. Needs Python 3.11 or newer (PYTHON names another one than python3), and the Python package index; not root.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: sh scripts/run.sh COMMAND [ARGUMENT...], for example: sh scripts/run.sh saccadeworld demo" >&2
    exit 2
fi

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$root/.venv
state=$venv/saccadeworld-state # "unfinished" during the first installation, then what was installed

say() { printf '%s\n' "saccadeworld: $*" >&2; }

# What an environment that is up to date has in its state: the folder, Python and the two files it was made from.
wanted_state() {
    "$venv/bin/python" --version && printf '%s\n' "$root" && cat "$root/pyproject.toml" "$root/scripts/constraints.txt"
}

is_ready() { [ -x "$venv/bin/python" ] && [ -f "$state" ] && wanted_state | cmp -s - "$state"; }

# One installation at a time: the lock is on the open pyproject.toml, and ends with this script and what it started.
lock() {
    exec 9<>"$root/pyproject.toml"
    "$1" - "$venv" <<'PYTHON'
import fcntl, sys

try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print(f"saccadeworld: waiting for another installation into {sys.argv[1]}", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
PYTHON
}

check_python() {
    command -v "$1" >/dev/null || { say "$1 is not installed: Python 3.11 or newer is needed" && exit 1; }
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        say "$("$1" --version) is too old: install Python 3.11 or newer, and name it with PYTHON=/path/to/python" && exit 1
    }
}

# Debian's python3 comes without ensurepip (it is in python3-venv): pip's wheel installs itself then.
install_pip() {
    "$venv/bin/python" -m ensurepip >/dev/null 2>&1 || "$venv/bin/python" - <<'PYTHON' || {
import hashlib, json, subprocess, sys, tempfile, urllib.parse, urllib.request
from pathlib import Path

INDEX = "https://pypi.org/pypi/pip/json"

def fetch(address):
    with urllib.request.urlopen(address, timeout=60) as reply:
        return reply.read()

try:
    wheel = next(file for file in json.loads(fetch(INDEX))["urls"] if file["packagetype"] == "bdist_wheel")
    content = fetch(urllib.parse.urljoin(INDEX, wheel["url"]))
except OSError as error:
    sys.exit(f"saccadeworld: pip cannot be fetched from pypi.org: {error}")
if hashlib.sha256(content).hexdigest() != wheel["digests"]["sha256"]:
    sys.exit(f"saccadeworld: {wheel['filename']} from pypi.org is damaged: its SHA-256 is not the announced one")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, wheel["filename"])
    path.write_bytes(content)
    sys.exit(subprocess.call([sys.executable, path / "pip", "install", "--quiet", "--no-index", path]))
PYTHON
        say "pip could not be installed; try: apt-get install python3-venv"
        exit 1
    }
}

install() {
    python=${PYTHON:-python3}
    check_python "$python"
    lock "$python"
    if is_ready; then return; fi # another run has done it meanwhile

    if [ -e "$venv" ] && { ! "$venv/bin/python" -c '' 2>/dev/null || grep -qsx unfinished "$state"; }; then
        say "$venv is broken or was never finished: making it anew"
        rm -rf "$venv"
    fi
    if [ -e "$venv" ]; then
        say "bringing $venv up to date"
        rm -f "$state"
    else
        say "installing into $venv; the first time takes a few minutes"
        mkdir "$venv" && echo unfinished >"$state"
        "$python" -m venv --without-pip "$venv"
    fi
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || install_pip
    pip_install "setuptools"
    pip_install --no-build-isolation --editable "${root}[dev]"
    wanted_state >"$state.new" && mv "$state.new" "$state"
}

# Downloads show their progress on a terminal only. Setuptools' warning on editable installations is no news to anybody.
pip_install() {
    if [ ! -t 2 ]; then set -- --quiet "$@"; fi
    set -- --disable-pip-version-check --constraint "$root/scripts/constraints.txt" "$@"
    PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install "$@" >&2
}

is_ready || install
exec 9<&-
PATH=$venv/bin:$PATH
VIRTUAL_ENV=$venv
export PATH VIRTUAL_ENV
exec "$@"
