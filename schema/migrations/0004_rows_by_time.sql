-- Reports read the rows of less than a second. What there was to find them by summarizes blocks,
-- at a vacuum only, and one late event makes the summary of a block useless.

create index events_by_time on events (occurred_at);
drop index events_occurred_at;
