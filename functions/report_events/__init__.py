"""Reports how many events there are."""
