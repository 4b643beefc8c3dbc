select roll_up_seconds(%(quarter)s)
