-- What rollups do not carry: counts and revenue by any dimensions, from rows alone.
select
    case when %(source)s then type.source end,
    case when %(funnelstage)s then type.funnel_stage end,
    case when %(eventtype)s then type.event_type end,
    case when %(country)s then event.country end,
    case when %(campaignid)s then event.campaign_id end,
    case when %(device)s then event.device end,
    case when %(purchaseditem)s then event.purchased_item end,
    width_bucket(occurred_at, %(starts)s::timestamptz[]) - 1,
    count(*),
    count(revenue),
    coalesce(sum(revenue), 0)
from events as event
join event_types as type on type.id = event.type_id
where type_id = any(%(types)s::smallint[])
    and occurred_at >= %(start)s::timestamptz
    and occurred_at < %(end)s::timestamptz
    and (%(campaigns)s::text[] is null or campaign_id = any(%(campaigns)s::text[]))
    and (%(countries)s::text[] is null or country = any(%(countries)s::text[]))
group by 1, 2, 3, 4, 5, 6, 7, 8
