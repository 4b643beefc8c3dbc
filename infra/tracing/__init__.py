"""Follows events from one request: `hookstream trace`."""
