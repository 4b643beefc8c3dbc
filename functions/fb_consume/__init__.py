"""Stores Facebook events."""
