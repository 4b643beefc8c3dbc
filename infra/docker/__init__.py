"""The container image that all roles share."""
