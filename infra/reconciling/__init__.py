"""Proves that accepted = stored + duplicate + dead-lettered + pending, from recorded facts."""
