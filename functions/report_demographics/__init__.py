"""Reports who the events come from."""
