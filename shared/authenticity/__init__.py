"""Proofs of who sent a webhook: one module for each scheme, which cites its source."""
