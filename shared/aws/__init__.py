"""AWS: signed calls of its services, and what runs the roles on Lambda."""
