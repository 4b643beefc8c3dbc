select hold_partitions(%(days)s::date[])
