delete from segments where id = any(%(ids)s::bigint[])
