-- +goose Up

-- The posting lists of a store's newest statements: a row for each group of statements, with the lists of all its
-- keys. When some thousand statements are in them, they are merged into statement_rel (decision 0028). The newest row
-- of a store stays, so that what is stored next is stored after it.
create table waiting_lists (
    tenant_id  bigint not null,
    store_id   bigint not null,
    upto       timestamptz not null, -- the greatest stored in lists
    statements integer not null,     -- in this row and all before it
    lists      bytea not null,       -- see internal/lrs/posting.go
    primary key (store_id, upto, tenant_id)
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
alter table waiting_lists alter column lists set storage external;
alter table waiting_lists enable row level security;
alter table waiting_lists force row level security;
create policy tenant on waiting_lists to stoa_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
create policy ingest on waiting_lists to stoa_ingest
    using (tenant_id = any (nullif(current_setting('app.tenants', true), '')::bigint[]));
grant select, delete on waiting_lists to stoa_app;
grant select, insert, delete on waiting_lists to stoa_ingest;

-- Lists of one key no longer lie inside each other. What is there already is taken apart, a list for each entry; and
-- actors and activities get lists in place of their indexes. As much work as there are statements.
alter table statements no force row level security;
alter table statement_rel no force row level security;
-- +goose StatementBegin
create function pg_temp.entries(upto timestamptz, list bytea) returns setof timestamptz language plpgsql as $$
declare
    distance bigint := 0;
    shift    int := 0;
begin
    for i in 0 .. length(list) - 1 loop
        distance := distance | (get_byte(list, i) & 127)::bigint << shift;
        shift := shift + 7;
        if get_byte(list, i) < 128 then
            upto := upto - distance * interval '1 microsecond';
            return next upto;
            distance := 0;
            shift := 0;
        end if;
    end loop;
end $$;
-- +goose StatementEnd
insert into statement_rel (tenant_id, store_id, key, upto, list)
    select tenant_id, store_id, key, e, '\x00' from statement_rel, pg_temp.entries(upto, list) e where length(list) > 1
    on conflict do nothing;
update statement_rel set list = '\x00' where length(list) > 1;
insert into statement_rel (tenant_id, store_id, key, upto, list)
    select tenant_id, store_id, key, stored, '\x00' from statements, unnest(array[actor, activity]) key where key is not null
    on conflict do nothing;
drop function pg_temp.entries;
alter table statements force row level security;
alter table statement_rel force row level security;
drop index statements_actor;
drop index statements_activity;
