-- +goose Up

-- A common term has tens of thousands of lists, each in a page of its own among those of other terms: the index
-- that orders them by term holds them too, so that a query reads neighbours (decision 0016). No list is longer than 520 bytes.
alter table statement_rel
    drop constraint statement_rel_pkey,
    add primary key (key, upto, tenant_id) include (list);
