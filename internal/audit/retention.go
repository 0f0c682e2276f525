package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

const (
	daysMin     = 30    // no event leaves earlier, whatever a tenant sets; the table's trigger says so too
	expiryBatch = 16384 // events that leave in one transaction, about
)

// Retain lets events leave that are older than their tenant keeps them: whole
// seals, oldest first. The seals stay. What is deleted is told by a signed
// record in the chain, and how long events are kept from when on by another,
// some days before it takes effect (docs/decisions/0020-retention-is-in-the-chain.md).
func (s *Sealer) Retain(ctx context.Context) error {
	var tenants []int64
	err := s.db.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `with recursive t as (
				(select tenant_id from audit_seals order by tenant_id limit 1) union all
				select (select e.tenant_id from audit_seals e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1) from t where t.tenant_id is not null)
			select tenant_id from t where tenant_id is not null`)
		if err != nil {
			return err
		}
		tenants, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, tenant := range tenants {
		if err := s.retain(ctx, tenant); err != nil && !errors.Is(err, errBusy) {
			errs = append(errs, fmt.Errorf("tenant %d: %w", tenant, err))
		}
	}
	return errors.Join(errs...)
}

// retain does so for one tenant.
func (s *Sealer) retain(ctx context.Context, tenant int64) error {
	scope := postgres.NewScope(tenant, "audit")
	var days int
	err := s.config.DB.TenantRead(ctx, scope, func(tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce((select audit_days from tenant_settings where tenant_id = $1), 0)`, tenant).Scan(&days)
	})
	if err != nil {
		return err
	}
	if days > 0 {
		days = max(days, daysMin)
	}
	deleted, upto := 0, int64(0)
	for more := true; more; {
		var n int
		err = s.onChain(ctx, tenant, func(c *chain) error {
			n, more = 0, false
			announced, since, err := c.policy(ctx)
			if err != nil {
				return err
			}
			if announced != days {
				return s.add(ctx, c, &link{Seal: Seal{Header: Header{Kind: SealPolicy, Days: days}}}, nil)
			}
			if days == 0 || c.now.Sub(since) < s.config.Notice {
				return nil
			}
			n, upto, more, err = s.expire(ctx, c, days)
			return err
		})
		if err != nil {
			break // what left before stays gone, and is told below
		}
		deleted += n
	}
	if deleted == 0 {
		return err
	}
	return errors.Join(err, s.config.DB.Tenant(ctx, scope, func(tx *postgres.Tx) error {
		return Record(tx, Event{Type: AuditRetentionRan, Details: map[string]any{"days": days, "events": deleted, "up_to_seal": upto}})
	}))
}

// policy returns for how many days events are kept by the chain, and since when it says so.
func (c *chain) policy(ctx context.Context) (days int, since time.Time, err error) {
	err = c.tx.QueryRow(ctx, `select days, at from audit_seals where tenant_id = $1 and kind <> 'events' and kind = 'policy' order by number desc limit 1`,
		c.tenant).Scan(&days, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return days, since, err
}

// expired returns up to which seal the events of a tenant have expired.
func expired(ctx context.Context, tx reader, tenant int64) (upto int64, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select expires from audit_seals where tenant_id = $1 and kind <> 'events' and kind = 'expiry'
		order by number desc limit 1), 0)`, tenant).Scan(&upto)
	return upto, err
}

// expire adds the record that the events of the oldest seals have expired, and deletes them.
func (s *Sealer) expire(ctx context.Context, c *chain, days int) (deleted int, upto int64, more bool, err error) {
	cutoff := c.now.Add(-time.Duration(days) * 24 * time.Hour)
	from, err := expired(ctx, c.tx, c.tenant)
	if err != nil {
		return 0, 0, false, err
	}
	rows, err := c.tx.Query(ctx, `select number, at, newest, events from audit_seals where tenant_id = $1 and number > $2 order by number`, c.tenant, from)
	if err != nil {
		return 0, 0, false, err
	}
	var ids []int64
	for rows.Next() {
		var number int64
		var at, newest time.Time
		var of []int64
		if err := rows.Scan(&number, &at, &newest, &of); err != nil {
			rows.Close()
			return 0, 0, false, err
		}
		if !at.Before(cutoff) || !newest.Before(cutoff) {
			break
		}
		if more = len(ids) >= expiryBatch; more {
			break
		}
		upto, ids = number, append(ids, of...)
	}
	rows.Close()
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return 0, 0, false, err
	}
	if err := s.add(ctx, c, &link{Seal: Seal{Header: Header{Kind: SealExpiry, Days: days, Expires: upto}}}, nil); err != nil {
		return 0, 0, false, err
	}
	if err := c.forget(ctx, ids, upto); err != nil {
		return 0, 0, false, err
	}
	tag, err := c.tx.Exec(ctx, `delete from audit_events where tenant_id = $1 and id = any($2)`, c.tenant, ids)
	return int(tag.RowsAffected()), upto, more, err
}

// forget deletes the lists that lead to no other events than ids, those of the seals up to upto, which are about to leave.
func (c *chain) forget(ctx context.Context, ids []int64, upto int64) error {
	leaving := make(map[int64]bool, len(ids))
	for _, id := range ids {
		leaving[id] = true
	}
	lines, err := linesOf(ctx, c.tx, c.tenant, ids)
	if err != nil {
		return err
	}
	words, _ := postings(lines)
	rows, err := c.tx.Query(ctx, `select s.upto from audit_segments s where s.tenant_id = $1 and s.upto >= coalesce(
			(select number from audit_seals where tenant_id = $1 and last >= $2 order by last, number limit 1), 0)
		and s.oldest <= $3 order by s.upto`, c.tenant, slices.Min(ids), c.now)
	if err != nil {
		return err
	}
	segments, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, segment := range segments {
		reached, err := c.forgetIn(ctx, segment, words, leaving)
		if err != nil {
			return err
		}
		if !reached {
			return nil // and none after it
		}
		if segment <= upto { // whose last seal that is
			if _, err := c.tx.Exec(ctx, `delete from audit_segments where tenant_id = $1 and upto = $2`, c.tenant, segment); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetIn does so in one segment; reached says whether any of words led to
// events that leave.
func (c *chain) forgetIn(ctx context.Context, segment int64, words []int64, leaving map[int64]bool) (reached bool, err error) {
	rows, err := c.tx.Query(ctx, `select w.word, w.events from unnest($3::bigint[]) as t (word)
		cross join lateral (select word, events from audit_words where tenant_id = $1 and word = t.word and segment = $2 offset 0) w`, c.tenant, segment, words)
	if err != nil {
		return false, err
	}
	lists, others := map[int64][]int64{}, map[int64]bool{}
	var word int64
	var events []byte
	if _, err = pgx.ForEachRow(rows, []any{&word, &events}, func() error {
		lists[word] = readIDs(nil, events)
		for _, id := range lists[word] {
			if leaving[id] {
				reached = true
			} else {
				others[id] = true
			}
		}
		return nil
	}); err != nil || !reached {
		return false, err
	}
	ids := make([]int64, 0, len(others))
	for id := range others {
		ids = append(ids, id)
	}
	rows, err = c.tx.Query(ctx, `select id from audit_events where tenant_id = $1 and id = any($2)`, c.tenant, ids)
	if err != nil {
		return false, err
	}
	stay, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return false, err
	}
	slices.Sort(stay)
	var gone []int64
	for word, list := range lists {
		if !slices.ContainsFunc(list, func(id int64) bool { _, is := slices.BinarySearch(stay, id); return is }) {
			gone = append(gone, word)
		}
	}
	slices.Sort(gone)
	_, err = c.tx.Exec(ctx, `delete from audit_words where tenant_id = $1 and segment = $2 and word = any($3)`, c.tenant, segment, gone)
	return true, err
}
