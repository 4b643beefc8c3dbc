-- Counts what changes rows that are there: rollups tell of every row that comes, but not of this.
create table row_changes (
    only_one boolean primary key default true check (only_one),
    number bigint not null
);

insert into row_changes (number) values (0);

-- As before; and tells of it.
create or replace function erase_rows(
    partition text, person text, types smallint[], moment timestamptz
) returns bigint language plpgsql as $$
declare
    erased bigint;
begin
    execute format($update$
        update %I as event set
            event_id = '',
            user_id = '',
            country = null,
            city = null,
            age = null,
            gender = null,
            followers = null,
            device = null,
            raw = ''
        where user_id = $1
            and type_id = any($2)
            and coalesce(
                (
                    select min(published_at) <= $3
                    from messages
                    where messages.stream_sequence = event.stream_sequence
                ),
                true
            )
    $update$, partition) using person, types, moment;
    get diagnostics erased = row_count;
    if erased > 0 then
        update row_changes set number = number + 1;
    end if;
    return erased;
exception
    -- Rows of long ago may have expired meanwhile.
    when undefined_table then
        return 0;
end
$$;
