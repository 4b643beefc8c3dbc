-- Whether somebody was erased after the oldest of a batch's messages was published.
select erased_since(%(oldest)s::timestamptz)
