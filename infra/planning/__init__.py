"""Plans a cluster: how many events a second a layout takes, and what stops it."""
