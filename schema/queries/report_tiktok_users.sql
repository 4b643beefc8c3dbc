-- One row per figure. Every TikTok event carries followers, those of the top stage a device and
-- a country as well: a user has a latest event of each kind. Erased people have no user_id,
-- but what they watched counts.
with selection as not materialized (
    select user_id, occurred_at, event_id, followers, device, country, watch_time,
        percentage_watched
    from events
    where type_id = any(%(types)s::smallint[])
        and occurred_at >= %(start)s::timestamptz
        and occurred_at < %(end)s::timestamptz
        and (%(campaigns)s::text[] is null or campaign_id = any(%(campaigns)s::text[]))
        and (%(countries)s::text[] is null or country = any(%(countries)s::text[]))
), latest as (
    select distinct on (user_id, device is null)
        user_id, occurred_at, event_id, followers, device, country
    from selection
    where user_id <> ''
    order by user_id, device is null, occurred_at desc, event_id collate "C" desc
), users as materialized (
    select
        (array_agg(followers order by occurred_at desc, event_id collate "C" desc))[1] as followers,
        max(device) as device,
        max(country) as country
    from latest
    group by user_id
)
(
    select
        'person' as part,
        width_bucket(followers, %(bounds)s::bigint[]) as bucket,
        device as label,
        null as city,
        count(*) as users,
        sum(followers) as total
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
    select 'placed', null, null, null, count(country), null
    from users
)
union all
(
    select figure.part, null, null, null, figure.events, figure.total
    from (
        select
            count(watch_time) as events,
            sum(watch_time::numeric) as watch_time,
            sum(percentage_watched::numeric) as percentage_watched
        from selection
    ) as watched
    cross join lateral (
        values
            ('watch time', watched.events, watched.watch_time),
            ('percentage watched', watched.events, watched.percentage_watched)
    ) as figure (part, events, total)
)
