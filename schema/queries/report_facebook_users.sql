-- One row per figure. Every Facebook event carries all that is asked, so a user's latest event
-- tells it all. Erased people have no user_id.
with users as materialized (
    select distinct on (user_id) age, gender, country, city
    from events
    where type_id = any(%(types)s::smallint[])
        and user_id <> ''
        and occurred_at >= %(start)s::timestamptz
        and occurred_at < %(end)s::timestamptz
        and (%(campaigns)s::text[] is null or campaign_id = any(%(campaigns)s::text[]))
        and (%(countries)s::text[] is null or country = any(%(countries)s::text[]))
    order by user_id, occurred_at desc, event_id collate "C" desc
)
(
    select
        'person' as part,
        width_bucket(age, %(bounds)s::smallint[]) as bucket,
        gender as label,
        null as city,
        count(*) as users,
        sum(age)::numeric as total
    from users
    group by bucket, label
)
union all
(
    select 'country', null, country, null, count(*) as users, null
    from users
    where country is not null
    group by country
    order by users desc, country collate "C"
    limit %(top)s
)
union all
(
    select 'city', null, country, city, count(*) as users, null
    from users
    where city is not null
    group by country, city
    order by users desc, city collate "C", country collate "C"
    limit %(top)s
)
union all
(
    select 'placed', null, null, null, count(country), null
    from users
)
