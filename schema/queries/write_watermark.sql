insert into watermarks as known (source, as_of, observed_at)
values (%(source)s, %(as_of)s, now())
on conflict (source) do update set
    as_of = greatest(known.as_of, excluded.as_of),
    observed_at = excluded.observed_at
