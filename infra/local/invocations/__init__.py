"""Asynchronous invocations: accepted at once, kept by JetStream, run until the function answers."""
