select expire_rows(%(partition)s)
