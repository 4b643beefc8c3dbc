"""Stream and consumer topology, packing, publishing."""
