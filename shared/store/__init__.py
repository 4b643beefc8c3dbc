"""PostgreSQL: the pool, the migrations, named SQL and the exactly-once write."""
