copy event_keys (key) from stdin (format binary)
