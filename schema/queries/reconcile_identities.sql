select count(*) from event_keys
