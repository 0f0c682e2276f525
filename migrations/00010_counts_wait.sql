-- +goose Up

-- What a group stored is counted in the row that its lists wait in, and added to usage_statements by whoever merges the lists, or some
-- seconds later: a row of a store and day that each group would change cost a tenth of the group (decision 0027).
alter table waiting_lists
    add column counted bigint not null default 0, -- statements that this row counts
    add column bytes   bigint not null default 0; -- of their payloads

-- Up to which row of waiting_lists a store's statements are in usage_statements. Who moves it holds the store's lock.
create table usage_cursors (
    tenant_id bigint not null,
    store_id  bigint not null,
    upto      timestamptz not null,
    primary key (tenant_id, store_id)
) with (fillfactor = 50);
alter table usage_cursors enable row level security;
alter table usage_cursors force row level security;
create policy tenant on usage_cursors to stoa_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
create policy ingest on usage_cursors to stoa_ingest
    using (tenant_id = any (nullif(current_setting('app.tenants', true), '')::bigint[]));
grant select on usage_cursors to stoa_app;
grant select, insert, update on usage_cursors to stoa_ingest;
