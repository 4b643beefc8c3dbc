"""Writes schema/openapi.json: `python -m shared.openapi`; a test fails on drift."""

from shared.openapi.whole import FILE, text

FILE.write_bytes(text())
