-- +goose Up

-- What a store was given in a day (UTC). Written in the transaction of the statements, under the store's lock: so it is exact, and
-- nobody waits for the row who would not wait for the store. The room in each page keeps the updates in it (HOT).
create table usage_statements (
    tenant_id  bigint not null,
    store_id   bigint not null,
    day        date not null,
    statements bigint not null,
    bytes      bigint not null,      -- of their payloads, as stored
    last_at    timestamptz not null, -- of the last of them
    primary key (tenant_id, store_id, day)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What else changed in a day of what a store holds, in bytes; below zero: became less. Storage is all of it, and all usage_statements.
create table usage_storage (
    tenant_id   bigint not null,
    store_id    bigint not null,
    day         date not null,
    statements  bigint not null default 0, -- deleted ones: never above zero
    documents   bigint not null default 0,
    attachments bigint not null default 0,
    primary key (tenant_id, store_id, day)
) with (fillfactor = 50);

-- Requests, by day, and of the last days by ten minutes. store_id 0 is the console. Counted in each process and added up every few seconds.
create table usage_requests (
    tenant_id     bigint not null,
    store_id      bigint not null,
    minutes       smallint not null check (minutes in (10, 1440)),
    begins        timestamptz not null,
    requests      bigint not null default 0, -- with an API key
    refused       bigint not null default 0, -- of them: 4xx but 404, which of a document is an answer
    failed        bigint not null default 0, -- of them: 5xx
    bytes_in      bigint not null default 0, -- of their bodies
    console_reads bigint not null default 0,
    active_keys   bigint not null default 0, -- of days only
    primary key (tenant_id, minutes, begins, store_id)
) with (fillfactor = 50);

-- Which keys were used today: so that each counts once in active_keys. Forgotten after some days.
create table usage_keys (
    tenant_id bigint not null,
    day       date not null,
    key_id    bigint not null,
    store_id  bigint not null,
    primary key (tenant_id, day, key_id)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['usage_statements', 'usage_storage', 'usage_requests', 'usage_keys'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
        execute format($p$create policy ingest on %I to stoa_ingest
            using (tenant_id = any (nullif(current_setting('app.tenants', true), '')::bigint[]))$p$, t);
        execute format('grant select on %I to stoa_app, stoa_ingest', t);
        execute format('grant insert on %I to stoa_ingest', t);
    end loop;
    -- Numbers of all tenants, and no name of anything in them: what operators run the platform by.
    foreach t in array array['usage_statements', 'usage_storage', 'usage_requests'] loop
        execute format('create policy platform on %I for select to stoa_operator using (true)', t);
        execute format('grant select on %I to stoa_operator', t);
        execute format('grant update on %I to stoa_ingest', t);
    end loop;
end $$;
-- +goose StatementEnd
grant insert, update on usage_storage to stoa_app;             -- what is deleted, beside the deletion
grant delete on usage_requests, usage_keys to stoa_app;        -- what is over (housekeeping)
grant select (version_id, is_applied) on goose_db_version to stoa_operator; -- whether the database is as the program needs it

-- What is there already: all statements are read once, and meanwhile none is stored. Attachments are not in the database: those of before are not counted.
alter table statements no force row level security; -- it binds the owner too
alter table documents no force row level security;
alter table usage_statements no force row level security;
alter table usage_storage no force row level security;
insert into usage_statements (tenant_id, store_id, day, statements, bytes, last_at)
    select tenant_id, store_id, (stored at time zone 'UTC')::date, count(*), sum(octet_length(payload)), max(stored) from statements group by 1, 2, 3;
insert into usage_storage (tenant_id, store_id, day, documents)
    select tenant_id, store_id, (updated_at at time zone 'UTC')::date, sum(octet_length(content)) from documents group by 1, 2, 3;
alter table statements force row level security;
alter table documents force row level security;
alter table usage_statements force row level security;
alter table usage_storage force row level security;

-- What operators may know of the logs of all tenants: that something was administered, by whom, how it ended. No names, addresses or
-- details, and of no other event (docs/decisions/0027-operators-see-that-not-what.md). Nothing of what learners did, or of who looked at it.
-- The indexes are for the same list: no other event costs anything to keep.
-- +goose StatementBegin
do $$
declare shown text := quote_literal(array[
    'tenant.created', 'tenant.changed', 'tenant.suspended', 'tenant.resumed', 'operator.entered', 'operator.left', 'operator.looked',
    'recovery.created', 'recovery.used', 'member.invited', 'member.joined', 'member.changed', 'member.disabled', 'member.enabled', 'member.removed',
    'group.changed', 'grant.given', 'grant.taken', 'grant.kept', 'role.created', 'role.changed', 'role.deleted',
    'sso.changed', 'sso.tested', 'sso.activated', 'sso.mapping_changed', 'sso.domain_changed', 'scim.token_created', 'scim.token_revoked',
    'token.created', 'token.revoked', 'key.created', 'key.changed', 'key.rotated', 'key.revoked', 'store.created', 'store.changed', 'store.emptied',
    'settings.changed', 'access.reviewed', 'audit.exported', 'audit.verified', 'audit.stream_changed', 'audit.retention_ran']::text[]::text);
begin
    execute format('create policy overview on audit_events for select to stoa_operator using (action = any (%s::text[]))', shown);
    execute format('create index audit_overview on audit_events (at, id, tenant_id) where action = any (%s::text[])', shown);
    execute format('create index audit_overview_of on audit_events (tenant_id, at, id) where action = any (%s::text[])', shown);
end $$;
-- +goose StatementEnd
grant select (tenant_id, id, at, actor_kind, actor_id, action, target_kind, outcome, request_id) on audit_events to stoa_operator;
