"""Facts: segments in memory, and what scans of them find out."""
