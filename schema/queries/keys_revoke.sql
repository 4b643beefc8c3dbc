update api_keys set revoked_at = coalesce(revoked_at, now())
where id = any(%(ids)s)
returning id
