select erase_rows(%(partition)s, %(person)s, %(types)s::smallint[], %(moment)s)
