"""Segments: what reports need of events, column by column, beside the rows."""
