"""Reports revenue to the cent."""
