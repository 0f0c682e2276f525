-- +goose Up

-- The platform is a tenant too: its members are the operators, its log is theirs.
-- It has no stores. So people, sign-in, roles and the audit log exist once.
alter table tenants add column kind text not null default 'client' check (kind in ('client', 'platform'));
create unique index one_platform on tenants (kind) where kind = 'platform';
alter table tenants no force row level security; -- it binds the owner too
insert into tenants (slug, name, kind) values ('platform', 'Platform', 'platform');
alter table tenants force row level security;

alter table tenants add column version bigint not null default 1;
alter table stores add column version bigint not null default 1;
alter table keys add column version bigint not null default 1;
alter table keys add column created_by text not null default ''; -- who issued it: an audit actor

create table tenant_settings (
    tenant_id   bigint primary key references tenants (id),
    time_zone   text not null default 'UTC',
    locale      text not null default 'en',
    break_glass text not null default 'read' check (break_glass in ('off', 'read', 'full')), -- what operators may do inside
    viewing_cap integer check (viewing_cap > 0),  -- statements a person may look at in an hour; null: the platform's default
    audit_days  integer check (audit_days > 0),   -- how long the audit log is kept; null: for ever
    version     bigint not null default 1
);

-- People of a tenant. One that is invited has grants already, and no subject until the first sign-in.
create table members (
    tenant_id       bigint not null references tenants (id),
    id              bigint not null, -- random, see package id
    email           text collate "C" not null check (length(email) between 3 and 254 and email = lower(email)), -- listed in this order
    name            text not null default '' check (length(name) <= 200),
    status          text not null check (status in ('invited', 'active', 'disabled')),
    issuer          text,            -- who vouches for the person, and
    subject         text,            -- what it calls the person (OpenID Connect Core 5.7)
    scim            boolean not null default false, -- kept by the tenant's directory, and then
    user_name       text check (length(user_name) between 1 and 254), -- SCIM userName, as sent
    external_id     text check (length(external_id) <= 500),         -- SCIM externalId
    profile         text check (length(profile) <= 20000),           -- the other attributes that it sent: JSON of package scim
    updated_at      timestamptz not null default now(),
    created_at      timestamptz not null default now(),
    invited_until   timestamptz,
    last_sign_in_at timestamptz,
    version         bigint not null default 1,
    primary key (tenant_id, id),
    unique (tenant_id, email),
    unique (tenant_id, issuer, subject),
    check (not scim or user_name is not null)
);
create unique index member_user_name on members (tenant_id, lower(user_name)); -- userName is not case exact

-- Roles that a tenant made for itself; the built-in ones are code (package authz).
create table roles (
    tenant_id   bigint not null references tenants (id),
    slug        text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name        text not null check (length(name) between 1 and 200),
    description text not null default '' check (length(description) <= 1000),
    actions     text[] not null,
    created_at  timestamptz not null default now(),
    version     bigint not null default 1,
    primary key (tenant_id, slug)
);

-- Who has which role: in the whole tenant or in one store, for ever or until a time.
create table grants (
    tenant_id    bigint not null,
    id           bigint not null, -- random
    member_id    bigint not null,
    role         text not null,   -- slug: built-in or of roles
    store_id     bigint,          -- null: the whole tenant
    source       text not null check (source in ('manual', 'sso', 'scim', 'recovery')),
    granted_by   text not null,   -- audit actor
    granted_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    kept_since   timestamptz,     -- when the source took it back and it stayed, for it is the last admin's; null: that is not so
    primary key (tenant_id, id),
    foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade,
    foreign key (tenant_id, store_id) references stores (tenant_id, id)
);
create index on grants (tenant_id, member_id);
create index on grants (tenant_id, role);

-- Counts the changes of what a tenant permits: members, grants, roles, entries, ended sessions.
-- Whoever changes one of them holds this row, so such changes of one tenant wait for each other.
create table policy_versions (
    tenant_id bigint primary key references tenants (id),
    version   bigint not null,
    had_admin boolean not null default false -- the tenant has had an admin: it must not be left without one
);

-- How a tenant's people sign in. The draft is tried before it is put in force.
create table identity_providers (
    tenant_id     bigint not null references tenants (id),
    state         text not null check (state in ('draft', 'active')),
    issuer        text not null check (length(issuer) <= 500),
    client_id     text not null check (length(client_id) <= 500),
    client_secret bytea not null,  -- encrypted; bound to tenant and column (package keyring)
    scopes        text[] not null default '{openid,email,profile}',
    groups_claim  text not null default 'groups',
    domains       text[] not null default '{}', -- e-mail domains that may sign in; empty: only invited people
    default_role  text,            -- of people whom no group gives a role; null: they may not sign in unless invited
    tested_at     timestamptz,     -- since when this very configuration is known to work
    tested_by     text,
    test_result   text,            -- how the last test of it went: JSON, with the claims of whoever tested
    updated_at    timestamptz not null default now(),
    version       bigint not null default 1,
    primary key (tenant_id, state)
);

-- Which group of the provider (or of SCIM) gives which role.
create table role_mappings (
    tenant_id bigint not null references tenants (id),
    id        bigint not null, -- random
    claim     text collate "C" not null check (length(claim) between 1 and 500),
    role      text not null,
    store_id  bigint,
    primary key (tenant_id, id),
    unique nulls not distinct (tenant_id, claim, role, store_id),
    foreign key (tenant_id, store_id) references stores (tenant_id, id)
);

-- Which tenant an e-mail domain leads to. Only a domain that is verified does.
create table tenant_domains (
    domain      text collate "C" not null check (length(domain) <= 253),
    tenant_id   bigint not null references tenants (id),
    challenge   text not null default 'stoa=' || gen_random_uuid(), -- what the domain's DNS has to say
    claimed_at  timestamptz not null default now(),
    verified_at timestamptz,
    primary key (tenant_id, domain)
);
create unique index domain_verified_once on tenant_domains (domain) where verified_at is not null;

-- Bearer tokens: a person's own, or the directory's for SCIM.
create table access_tokens (
    tenant_id    bigint not null,
    id           bigint not null, -- random
    kind         text not null check (kind in ('personal', 'scim')),
    member_id    bigint,          -- null: SCIM
    name         text not null check (length(name) between 1 and 200),
    actions      text[] not null, -- at most these of what the member may do; SCIM: none
    hash         bytea not null check (length(hash) = 32), -- HMAC-SHA256
    pepper       smallint not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade,
    check ((kind = 'personal') = (member_id is not null))
);
create index on access_tokens (tenant_id, member_id);

create table scim_groups (
    tenant_id    bigint not null references tenants (id),
    id           bigint not null, -- random
    display_name text collate "C" not null check (length(display_name) between 1 and 500),
    external_id  text check (length(external_id) <= 500),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    version      bigint not null default 1,
    primary key (tenant_id, id),
    unique (tenant_id, display_name)
);
create table scim_group_members (
    tenant_id bigint not null,
    group_id  bigint not null,
    member_id bigint not null,
    primary key (tenant_id, group_id, member_id),
    foreign key (tenant_id, group_id) references scim_groups (tenant_id, id) on delete cascade,
    foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade
);
create index on scim_group_members (tenant_id, member_id);

-- Sessions live in Redis. One that was ended is also here until it would have ended by itself,
-- so that it stays ended whatever becomes of Redis. session '' is every session begun before at.
create table ended_sessions (
    tenant_id  bigint not null,
    member_id  bigint not null,
    session    text not null, -- hash of the cookie's value
    at         timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, member_id, session),
    foreign key (tenant_id, member_id) references members (tenant_id, id) on delete cascade
);

-- Operators inside a tenant (break-glass).
create table entries (
    tenant_id   bigint not null references tenants (id),
    id          bigint not null, -- random
    operator_id bigint not null, -- member of the platform
    operator    text not null,   -- name and address, as they were
    reason      text not null check (length(reason) between 10 and 1000),
    level       text not null check (level in ('read', 'full')),
    entered_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    left_at     timestamptz,
    primary key (tenant_id, id)
);
create index on entries (tenant_id, entered_at, id);
create index entry_not_left on entries (tenant_id) where left_at is null;

-- One way back in when nobody can sign in: made in the shell, good once.
create table recovery_links (
    tenant_id  bigint not null references tenants (id),
    id         bigint not null, -- random
    email      text not null,
    hash       bytea not null check (length(hash) = 32),
    pepper     smallint not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    primary key (tenant_id, id)
);

-- Answers to creates that carried an Idempotency-Key, for a day. Secrets are not kept.
create table idempotency (
    tenant_id   bigint not null references tenants (id),
    actor       text not null,
    key         text not null check (length(key) between 1 and 200),
    fingerprint bytea not null, -- of route and body
    status      integer not null,
    body        text not null,
    created_at  timestamptz not null default now(),
    primary key (tenant_id, actor, key)
);
create index on idempotency (tenant_id, created_at);

-- How many statements a person has looked at, by hour.
create table viewings (
    tenant_id bigint not null references tenants (id),
    actor     text not null,
    hour      timestamptz not null,
    rows      bigint not null,
    refused_at timestamptz, -- when the log was told last that they wanted more
    primary key (tenant_id, actor, hour)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['tenant_settings', 'members', 'roles', 'grants', 'policy_versions', 'identity_providers', 'role_mappings',
            'tenant_domains', 'access_tokens', 'scim_groups', 'scim_group_members', 'ended_sessions', 'entries', 'recovery_links',
            'idempotency', 'viewings'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
        execute format('grant select, insert, update, delete on %I to stoa_app', t);
    end loop;
end $$;
-- +goose StatementEnd

-- Where an e-mail address signs in must be known before the tenant is.
create policy platform on tenant_domains for select to stoa_operator using (true);
grant select on tenant_domains to stoa_operator;
