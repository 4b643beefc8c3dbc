"""The event types, defined once: validation, JSON Schema, decoding."""
