-- Held until the transaction ends. A server that finds its client gone ends it, within a second.
set local client_connection_check_interval = '1s';
select pg_advisory_xact_lock(hashtextextended('hookstream.migrations', 0))
