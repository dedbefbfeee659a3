#!/bin/sh
# The second implementation reads the examples of sync/FORMAT.md.
# Prints "ok N - name" and "not ok N - name: why" lines.
cd "$(dirname "$0")/../.." || exit 1
# the system's Python: that is where the package python3-nacl is
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec /usr/bin/python3 tests/second/second.py
