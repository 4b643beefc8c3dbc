select id, scopes, digest, requests_per_second, extract(epoch from expires_at)::double precision
from api_keys
where revoked_at is null and (expires_at is null or expires_at > now())
order by id
