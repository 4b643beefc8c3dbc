"""Takes webhooks: checks, packs and stores their events in the stream before it answers."""
