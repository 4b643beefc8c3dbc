"""Delivers again what EVENTS still holds: what is stored already changes nothing."""
