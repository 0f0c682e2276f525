-- +goose Up
grant usage on schema public to stoa_app, stoa_ingest, stoa_operator;

-- The client organisations. Operators see all of them; a tenant sees itself.
create table tenants (
    id              bigint generated always as identity primary key,
    slug            text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name            text not null check (length(name) between 1 and 200),
    status          text not null default 'active' check (status in ('active', 'suspended')),
    request_limit   integer check (request_limit > 0),   -- requests a minute; null: the configured default
    statement_limit integer check (statement_limit > 0), -- statements a minute; null: the configured default
    created_at      timestamptz not null default now()
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy own on tenants for select to stoa_app
    using (id = nullif(current_setting('app.tenant_id', true), '')::bigint);
create policy platform on tenants to stoa_operator using (true);
grant select on tenants to stoa_app;
grant select, insert, update on tenants to stoa_operator;

-- Where statements live. The id is unique on the platform: it seeds hash keys and names the ingest lock.
create table stores (
    tenant_id  bigint not null references tenants (id),
    id         bigint generated always as identity,
    slug       text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name       text not null check (length(name) between 1 and 200),
    kind       text not null check (kind in ('production', 'sandbox')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, slug)
);
alter table stores enable row level security;
alter table stores force row level security;
create policy tenant on stores to stoa_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
grant select, insert, update on stores to stoa_app;

-- API credentials, each bound to one store. A revoked key stays: its statements name it as their authority.
create table keys (
    tenant_id     bigint not null references tenants (id),
    id            bigint not null, -- random, positive
    store_id      bigint not null,
    name          text not null check (length(name) between 1 and 200),
    scopes        text[] not null check (cardinality(scopes) > 0),
    networks      cidr[] not null default '{}', -- addresses it may be used from; empty: any
    authority     text not null,                -- the agent that its statements carry, JSON
    created_at    timestamptz not null default now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, store_id) references stores (tenant_id, id)
);
alter table keys enable row level security;
alter table keys force row level security;
create policy tenant on keys to stoa_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
grant select, insert, update on keys to stoa_app;
create index on keys (tenant_id, store_id);

-- The secrets of a key: one, or during the grace period of a rotation more. Only the hash is kept.
create table key_secrets (
    tenant_id    bigint not null,
    key_id       bigint not null,
    id           bigint not null, -- random, positive
    hash         bytea not null check (length(hash) = 32), -- HMAC-SHA256
    pepper       smallint not null,                        -- version of the pepper
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,  -- set by a rotation: end of the grace period
    last_used_at timestamptz,
    primary key (tenant_id, key_id, id),
    foreign key (tenant_id, key_id) references keys (tenant_id, id)
);
alter table key_secrets enable row level security;
alter table key_secrets force row level security;
create policy tenant on key_secrets to stoa_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
grant select, insert, update on key_secrets to stoa_app;
