select source, occurred_at, type_id from segments
