"""Lists, shows, redrives and drops dead letters over HTTP."""
