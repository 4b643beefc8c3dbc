-- The trace contexts that a message's events came with: `<traceparent>*<events>` for each run of
-- events, `-` for none, '' if no event has one. A constant default: no row is rewritten, and a
-- version that does not know the column goes on writing.
alter table messages add column trace_contexts text not null default '';
