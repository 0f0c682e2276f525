-- +goose Up

-- What a store speaks of, for completion in the console: its verbs, the activities that are objects, and its actors.
-- Made from the statements after they are stored, when somebody asks (decision 0026); it can be made again.
create table lexicon (
    tenant_id bigint not null,
    store_id  bigint not null,
    kind      smallint not null check (kind between 1 and 3), -- 1 verb, 2 activity, 3 person
    key       bigint not null,       -- the hash key of the column of statements
    value     text not null,         -- an IRI, or a person's identity (internal/xapi)
    names     text not null,         -- a language map, JSON; "" none
    type      text not null,         -- of an activity: IRI; "" none
    open      boolean not null,      -- value and names stand in a statement as who sees pseudonyms may see it
    primary key (tenant_id, store_id, kind, key)
);

-- Where words of them begin: the rest of the text from there, in lower case.
create table lexicon_words (
    tenant_id bigint not null,
    store_id  bigint not null,
    kind      smallint not null,
    word      text collate "C" not null,
    key       bigint not null,
    primary key (tenant_id, store_id, kind, word, key)
);

-- Which statements have been looked through: all from oldest to newest, both included.
create table lexicon_reach (
    tenant_id bigint not null,
    store_id  bigint not null,
    began     timestamptz not null default now(),
    newest    timestamptz,
    oldest    timestamptz,
    complete  boolean not null default false, -- there are none before oldest
    primary key (tenant_id, store_id)
);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['lexicon', 'lexicon_words', 'lexicon_reach'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy tenant on %I to stoa_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$p$, t);
        execute format('grant select, insert, update, delete on %I to stoa_app', t);
    end loop;
end $$;
-- +goose StatementEnd
