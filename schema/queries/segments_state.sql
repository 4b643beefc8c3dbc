-- The snapshot, and unless it is the one that is known, a digest of the segments that transactions
-- before another one have written: it tells whether any of those have gone.
select
    present.snapshot,
    case
        when present.snapshot <> %(known)s
        then (
            select coalesce(bit_xor(hashint8extended(id, 0)), 0)
            from segments
            where written_by < %(since)s::xid8
        )
    end
from (select pg_current_snapshot()::text as snapshot) as present
