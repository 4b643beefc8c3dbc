copy (select * from events limit %(limit)s offset %(offset)s) to stdout (format binary)
