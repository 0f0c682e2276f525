package usage

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

func compareWindows(a, b window) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.begins, b.begins), cmp.Compare(a.store, b.store))
}

func queueRequests(b *pgx.Batch, minutes int, rows map[window]tally) {
	if len(rows) == 0 {
		return
	}
	var tenant, store, begins, requests, refused, failed, bytes, reads []int64
	for _, w := range slices.SortedFunc(maps.Keys(rows), compareWindows) {
		t := rows[w]
		tenant, store, begins = append(tenant, w.tenant), append(store, w.store), append(begins, w.begins)
		requests, refused, failed = append(requests, t.requests), append(refused, t.refused), append(failed, t.failed)
		bytes, reads = append(bytes, t.bytes), append(reads, t.reads)
	}
	b.Queue(`
		insert into usage_requests as used (tenant_id, store_id, minutes, begins, requests, refused, failed, bytes_in, console_reads)
		select x.tenant, x.store, $1, to_timestamp(x.begins), x.requests, x.refused, x.failed, x.bytes, x.reads
		from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
			as x(tenant, store, begins, requests, refused, failed, bytes, reads)
		on conflict (tenant_id, minutes, begins, store_id) do update set requests = used.requests + excluded.requests,
			refused = used.refused + excluded.refused, failed = used.failed + excluded.failed,
			bytes_in = used.bytes_in + excluded.bytes_in, console_reads = used.console_reads + excluded.console_reads`,
		minutes, tenant, store, begins, requests, refused, failed, bytes, reads)
}

// queueKeys counts each key once in its day, whichever process saw it first.
func queueKeys(b *pgx.Batch, keys map[keyDay]struct{}) {
	if len(keys) == 0 {
		return
	}
	var tenant, store, key, days []int64
	for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b keyDay) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.day, b.day), cmp.Compare(a.store, b.store), cmp.Compare(a.key, b.key))
	}) {
		tenant, store, key, days = append(tenant, k.tenant), append(store, k.store), append(key, k.key), append(days, k.day)
	}
	b.Queue(`
		with first as (
			insert into usage_keys (tenant_id, day, key_id, store_id)
			select x.tenant, (to_timestamp(x.day) at time zone 'UTC')::date, x.key, x.store
			from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as x(tenant, store, key, day)
			on conflict do nothing returning tenant_id, day, store_id)
		insert into usage_requests as used (tenant_id, store_id, minutes, begins, active_keys)
		select tenant_id, store_id, $5, day::timestamp at time zone 'UTC', count(*) from first group by tenant_id, store_id, day
		on conflict (tenant_id, minutes, begins, store_id) do update set active_keys = used.active_keys + excluded.active_keys`,
		tenant, store, key, days, dayMinutes)
}

func queueStorage(b *pgx.Batch, rows map[window]Bytes) {
	if len(rows) == 0 {
		return
	}
	var tenant, store, days, documents, attachments []int64
	for _, w := range slices.SortedFunc(maps.Keys(rows), compareWindows) {
		s := rows[w]
		tenant, store, days = append(tenant, w.tenant), append(store, w.store), append(days, w.begins)
		documents, attachments = append(documents, s.Documents), append(attachments, s.Attachments)
	}
	b.Queue(`
		insert into usage_storage as kept (tenant_id, store_id, day, documents, attachments)
		select x.tenant, x.store, (to_timestamp(x.day) at time zone 'UTC')::date, x.documents, x.attachments
		from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as x(tenant, store, day, documents, attachments)
		on conflict (tenant_id, store_id, day) do update set documents = kept.documents + excluded.documents,
			attachments = kept.attachments + excluded.attachments`,
		tenant, store, days, documents, attachments)
}
