"""Says what the project is made of: what is locked, its licences, and what the image has of it."""
