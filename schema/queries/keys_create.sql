insert into api_keys (id, name, scopes, digest, requests_per_second, expires_at)
values (%(id)s, %(name)s, %(scopes)s, %(digest)s, %(rate)s, to_timestamp(%(expires_at)s))
