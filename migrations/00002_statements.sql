-- +goose Up
-- One row a statement. actor, verb, activity, registration, module and course are 64-bit hashes of
-- (store, kind, value): see internal/lrs/terms.go. stored strictly increases within a store: it is the cursor.
create table statements (
    tenant_id    bigint not null,
    store_id     bigint not null,
    stored       timestamptz not null,
    key_id       bigint not null,   -- the credential that wrote it: its authority
    verb         bigint not null,
    actor        bigint,
    activity     bigint,
    registration bigint,
    module       bigint,
    course       bigint,
    "timestamp"  timestamptz,       -- null: none was sent, it is stored
    duration_ms  bigint,
    scaled       real,
    dict         smallint not null, -- version of the dictionary that payload is compressed with
    success      boolean,
    completion   boolean,
    voided       boolean not null default false,
    id           uuid not null,
    hash         bytea not null,    -- canonical hash, 16 bytes
    payload      bytea not null,    -- the JSON text, S2
    primary key (tenant_id, store_id, id)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table statements alter column payload set storage external;
create unique index statements_stored on statements (store_id, stored, tenant_id);
create index statements_actor on statements (actor, stored) include (tenant_id, verb, activity);
create index statements_activity on statements (activity, stored) include (tenant_id, verb, actor);
create index statements_registration on statements (registration, stored) include (tenant_id) where registration is not null;

-- Posting lists: which statements a filter matches beside the columns above (verb, related agents and
-- activities, authority, and what a StatementRef points at). One row per transaction and key: a batch
-- has few verbs, so that this is a fraction of an index entry a statement.
-- An entry whose statement is gone, or was never inserted, is skipped on read.
create table statement_rel (
    tenant_id bigint not null,
    store_id  bigint not null,
    key       bigint not null,
    upto      timestamptz not null, -- the greatest stored in list
    list      bytea not null,       -- see internal/lrs/posting.go
    primary key (key, upto, tenant_id) -- key is a hash that has the store in it
) with (autovacuum_vacuum_insert_scale_factor = 0.05);

-- Statements that point at a statement which has not arrived yet.
create table pending_refs (
    tenant_id bigint not null,
    store_id  bigint not null,
    target    uuid not null,
    referrer  timestamptz not null, -- stored of the statement that points there, itself or through others
    voids     boolean not null,
    primary key (tenant_id, store_id, target, referrer)
);

-- The merged definition of every activity seen.
create table activities (
    tenant_id  bigint not null,
    store_id   bigint not null,
    key        bigint not null,
    iri        text not null,
    definition text not null, -- JSON
    primary key (tenant_id, store_id, key)
);

-- What the payloads of a store are compressed against, beside the common dictionary; never deleted.
create table dictionaries (
    tenant_id  bigint not null,
    store_id   bigint not null,
    number     smallint not null, -- statements.dict
    vocabulary bytea not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, store_id, number)
);

-- State, activity profile and agent profile documents.
create table documents (
    tenant_id    bigint not null,
    store_id     bigint not null,
    kind         smallint not null check (kind between 1 and 3), -- 1 state, 2 activity profile, 3 agent profile
    owner        bytea not null,           -- 16-byte hash of (activity, agent)
    registration uuid not null,            -- nil: none
    id           bytea not null,           -- UTF-8; bytea, because an id may hold U+0000
    agent        bigint,                   -- hash key of the agent
    updated_at   timestamptz not null,
    etag         bytea not null,           -- SHA-1
    content_type text not null,
    content      bytea not null,
    primary key (tenant_id, store_id, kind, owner, registration, id)
);
create index on documents (agent, tenant_id) where agent is not null;

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['statements', 'statement_rel', 'pending_refs', 'activities', 'documents', 'dictionaries'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
    end loop;
    -- The committer writes for several tenants in one transaction: exactly those it has named.
    foreach t in array array['statements', 'statement_rel', 'pending_refs', 'activities', 'keys', 'dictionaries'] loop
        execute format($p$create policy ingest on %I to stoa_ingest
            using (tenant_id = any (nullif(current_setting('app.tenants', true), '')::bigint[]))$p$, t);
    end loop;
end $$;
-- +goose StatementEnd

grant select, delete on statements, statement_rel, pending_refs, activities to stoa_app;
grant select, insert, update, delete on documents to stoa_app;
grant select on dictionaries to stoa_app;
grant select, insert on statements, statement_rel to stoa_ingest;
grant update (voided) on statements to stoa_ingest;
grant select, insert, delete on pending_refs to stoa_ingest;
grant select, insert, update on activities to stoa_ingest;
grant select, insert on dictionaries to stoa_ingest;
grant select (tenant_id, id, authority) on keys to stoa_ingest; -- who wrote a statement that another refers to
