#!/bin/sh
# The second implementation reads the examples of sync/FORMAT.md and opens
# golden.bundle with the test keys in golden.json, both made by
# tests/unit/sync/test_format --write; golden.txt has what it must find there.
# Prints "ok N - name" and "not ok N - name" lines, and what was read after #.
cd "$(dirname "$0")/../.." || exit 1
# the system's Python: that is where the package python3-nacl is
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec /usr/bin/python3 tests/second/second.py
