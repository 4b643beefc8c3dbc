copy bench_rows from stdin (format binary)
