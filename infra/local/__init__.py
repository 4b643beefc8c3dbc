"""The local platform: embedded servers, a gateway, replicas as processes and their supervisor."""
