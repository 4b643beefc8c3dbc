-- API keys: what is kept of them is the SHA-256 of their text. requests_per_second 0 is no limit.
create table api_keys (
    id text primary key,
    name text not null,
    scopes text[] not null,
    digest text not null,
    requests_per_second double precision not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
