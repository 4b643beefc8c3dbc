"""The benchmark: drives the running stack and measures it; every run ends with a proof."""
