select ensure_partition(%(day)s)
