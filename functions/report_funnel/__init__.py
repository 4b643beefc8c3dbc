"""Reports how far users go, from seeing to buying."""
