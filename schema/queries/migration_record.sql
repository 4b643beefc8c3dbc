insert into schema_migrations (name) values (%(name)s)
