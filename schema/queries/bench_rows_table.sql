-- Rows as those of events, without any index.
create table bench_rows (like events)
