-- +goose Up

-- Who did what. Rows are added and never changed. id and at are the database's: who may add a row may not choose them.
create table audit_events (
    tenant_id   bigint not null references tenants (id),
    id          bigint generated always as identity,
    at          timestamptz not null default clock_timestamp(),
    actor_kind  text not null,  -- member, operator, key, token, scim, shell, system, anonymous
    actor_id    text not null,
    actor_name  text not null,
    action      text not null,  -- see internal/audit/taxonomy.go
    target_kind text not null,
    target_id   text not null,
    target_name text not null,
    outcome     text not null check (outcome in ('success', 'denied', 'failure')),
    address     text not null,  -- IP, "" unknown
    user_agent  text not null,
    session     text not null,  -- its public id, "" none
    request_id  text not null,
    details     text not null,  -- JSON: before, after, query, rows, reason …
    primary key (tenant_id, id)
) with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000, autovacuum_analyze_scale_factor = 0.02);
create index on audit_events (tenant_id, at, id);
create index on audit_events (id, tenant_id); -- the sealer's: what is new, of all tenants
-- Every other way to find events is audit_words.

-- The chain: each seal covers some events by the root of their Merkle tree (RFC 6962), and the seal before it.
create table audit_seals (
    tenant_id bigint not null references tenants (id),
    number    bigint not null,      -- 1, 2, … without a gap
    kind      text not null check (kind in ('events', 'policy', 'expiry')),
    at        timestamptz not null,
    events    bigint[] not null,    -- ids, ascending: the leaves in their order; none in a policy or an expiry
    leaves    bytea not null,       -- their hashes, 32 bytes each
    total     bigint not null,      -- events in all seals up to this one
    last      bigint not null,      -- the greatest id in them
    settled   bigint not null,      -- no event up to this id is in a later seal
    newest    timestamptz not null, -- the greatest time in them
    days      integer not null default 0,  -- policy: how long events are kept from now on, 0 for ever; expiry: by which policy
    expires   bigint not null default 0,   -- expiry: the events of the seals up to this one are deleted
    root      bytea not null check (length(root) = 32),
    previous  bytea not null check (length(previous) = 32), -- hash of the seal before; zeros for the first
    key_id    text not null,
    signature bytea not null,
    primary key (tenant_id, number),
    check (length(leaves) = 32 * cardinality(events))
);
create index on audit_seals (tenant_id, last, number);
create index on audit_seals (tenant_id, number) where kind <> 'events';

-- What is searched: a segment is the events of some seals in a row, about a thousand or more.
create table audit_segments (
    tenant_id bigint not null references tenants (id),
    upto      bigint not null,      -- number of its last seal
    total     bigint not null,      -- events in seals up to that one
    last      bigint not null,      -- the greatest event id in them
    oldest    timestamptz not null, -- the times of its events: the first
    newest    timestamptz not null, -- and the last;
    horizon   timestamptz not null, -- and the last in all segments up to this one
    primary key (tenant_id, upto)
);

-- Which events of a segment have a word (or an actor, a type …): ids, as gaps of varints.
create table audit_words (
    tenant_id bigint not null references tenants (id),
    word      bigint not null, -- hash; events are compared with the filter when they are read
    segment   bigint not null,
    events    bytea not null,
    primary key (tenant_id, word, segment)
);

-- Up to which seal a tenant's chain is known to be in the outside store.
create table audit_anchors (
    tenant_id bigint primary key references tenants (id),
    number    bigint not null,
    at        timestamptz not null, -- of the last attempt
    error     text not null         -- of the last attempt; "" it worked
);

-- Where a tenant's log is sent as it grows. The cursor is the outbox: what lies behind it has been accepted.
create table audit_streams (
    tenant_id    bigint not null references tenants (id),
    id           bigint not null, -- random, see package id
    name         text not null check (length(name) between 1 and 200),
    kind         text not null check (kind in ('webhook', 'syslog')),
    address      text not null check (length(address) between 1 and 1000), -- https://…, or host:port of a syslog server over TLS
    authority    text not null default '' check (length(authority) <= 65536), -- PEM of its own certificate authority; "" those of the system
    secret       bytea,           -- webhook: signs; encrypted, bound to tenant and column (package keyring)
    enabled      boolean not null default true,
    created_at   timestamptz not null default now(),
    version      bigint not null default 1,
    seal         bigint not null default 0,  -- the next event to send is
    position     bigint not null default 0,  -- this one of the seal after it, from 0
    delivered_at timestamptz,     -- last success
    failed_at    timestamptz,     -- last failure since
    error        text not null default '',
    failures     integer not null default 0,
    next_at      timestamptz not null default now(), -- not before
    leased_until timestamptz not null default now(), -- by the process that sends
    primary key (tenant_id, id)
);
create index on audit_streams (next_at) where enabled;

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['audit_events', 'audit_seals', 'audit_segments', 'audit_words', 'audit_anchors', 'audit_streams'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
        -- The sealer works for all tenants, and sees nothing but the log.
        execute format('create policy sealer on %I to stoa_audit using (true)', t);
        execute format('grant select on %I to stoa_app, stoa_audit', t);
    end loop;
end $$;
-- +goose StatementEnd
grant usage on schema public to stoa_audit;
grant insert (tenant_id, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, outcome, address, user_agent,
    session, request_id, details) on audit_events to stoa_app, stoa_operator;
grant insert on audit_seals to stoa_audit;
grant insert, delete on audit_segments, audit_words to stoa_audit;
grant insert, update on audit_anchors to stoa_audit;
grant insert, update, delete on audit_streams to stoa_app;
grant update (seal, position, delivered_at, failed_at, error, failures, next_at, leased_until) on audit_streams to stoa_audit;
-- Operators' own acts on a tenant are written beside the change, and read by nobody through that role.
create policy platform on audit_events for insert to stoa_operator with check (true);

-- The one way in which an event leaves (docs/decisions/0020-retention-is-in-the-chain.md): its seal has expired by a signed record
-- in the chain, and it is a month old whatever that record says. The owner of the table is refused like everybody.
grant delete on audit_events to stoa_audit;
-- +goose StatementBegin
create function audit_event_expires() returns trigger language plpgsql as $$
begin
    if old.at < now() - interval '30 days' and old.id <= (
            select expired.last from audit_seals expiry
            join audit_seals expired on expired.tenant_id = expiry.tenant_id and expired.number = expiry.expires
            where expiry.tenant_id = old.tenant_id and expiry.kind = 'expiry' order by expiry.number desc limit 1) then
        return old;
    end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd
create trigger expires before delete on audit_events for each row execute function audit_event_expires();
