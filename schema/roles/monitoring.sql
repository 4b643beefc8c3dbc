-- Has the connector's metrics see the oldest transaction of every login, not of its own only.
grant pg_read_all_stats to hookstream_connector
