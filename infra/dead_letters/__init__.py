"""Dead letters on the command line: sessions with the broker, tables."""
