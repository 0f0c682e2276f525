-- +goose Up

-- Who did what. Rows are added and never changed: no role of the service may do anything else.
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
);
create index on audit_events (tenant_id, at, id);
create index on audit_events (tenant_id, actor_id, at, id);
create index on audit_events (tenant_id, action, at, id);
create index on audit_events (tenant_id, target_id, at, id);
create index on audit_events (tenant_id, outcome, at, id) where outcome <> 'success';
create index on audit_events (at, id); -- the sealer's: what is new, of all tenants

-- The chain: each seal covers some events by the root of their Merkle tree (RFC 6962), and the seal before it.
create table audit_seals (
    tenant_id bigint not null references tenants (id),
    number    bigint not null,   -- 1, 2, … without a gap
    at        timestamptz not null,
    events    bigint[] not null, -- ids, ascending: the leaves in their order
    root      bytea not null check (length(root) = 32),
    previous  bytea not null check (length(previous) = 32), -- hash of the seal before; zeros for the first
    key_id    text not null,
    signature bytea not null,
    primary key (tenant_id, number)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['audit_events', 'audit_seals'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
        -- The sealer works for all tenants, and sees nothing but the log.
        execute format('create policy sealer on %I to stoa_audit using (true)', t);
    end loop;
end $$;
-- +goose StatementEnd
grant usage on schema public to stoa_audit;
grant select, insert on audit_events to stoa_app;
grant select on audit_seals to stoa_app;
grant select on audit_events to stoa_audit;
grant select, insert on audit_seals to stoa_audit;
-- Operators' own acts on a tenant are written beside the change, and read by nobody through that role.
create policy platform on audit_events for insert to stoa_operator with check (true);
grant insert on audit_events to stoa_operator;
