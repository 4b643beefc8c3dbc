"""Reports for people: asked over HTTP, shown as tables."""
