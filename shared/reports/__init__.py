"""Reports: parameters, windows, queries and answers."""
