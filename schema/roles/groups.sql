-- The groups that grants.sql gives rights to: roles of the whole server that nobody logs in as. Logins
-- are made members of one of them. Whoever runs this needs CREATEROLE; to run it again changes nothing.
do $$
declare
    name text;
begin
    foreach name in array array[
        'hookstream_collector', 'hookstream_connector', 'hookstream_reader'
    ] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
end
$$;
