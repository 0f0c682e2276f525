package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// lateMax is for how long after its id was given an event may still appear: a
// transaction takes at most 30 s. After that nothing up to that id is sealed
// any more, and an event there that is in no seal has been forged.
const lateMax = time.Minute

// lateness says which events that came late a seal looks for.
type lateness int

const (
	noneLate    lateness = iota
	settledLate          // those that came so late that no more will, while many events wait to be sealed
	allLate              // all that are there
)

// chainLock is the first half of the advisory lock of a tenant's chain.
const chainLock = 0x61756474

// errBusy: another process works on the chain.
var errBusy = fault.New(fault.Unavailable, "another process works on the chain")

// chain is the end of a tenant's chain inside a transaction that holds its lock.
type chain struct {
	tx     pgx.Tx
	tenant int64
	now    time.Time // of the database, before anything was read
	last   link      // the last seal; Number 0: there is none
}

// onChain runs fn in a transaction that holds the lock of tenant's chain.
func (s *Sealer) onChain(ctx context.Context, tenant int64, fn func(*chain) error) error {
	return s.db.Do(ctx, func(tx pgx.Tx) error {
		var held bool
		c := &chain{tx: tx, tenant: tenant}
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($1, $2)`, int32(chainLock), int32(tenant)).Scan(&held); err != nil {
			return err
		}
		if !held {
			return errBusy
		}
		if err := tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&c.now); err != nil {
			return err
		}
		if s.config.Now != nil {
			c.now = s.config.Now().UTC().Truncate(time.Microsecond)
		}
		rows, err := tx.Query(ctx, `select `+sealColumns+` from audit_seals where tenant_id = $1 order by number desc limit 1`, tenant)
		if err != nil {
			return err
		}
		seals, err := pgx.CollectRows(rows, scanSeal)
		if err != nil {
			return err
		}
		if len(seals) > 0 {
			c.last = seals[0]
		}
		if c.now.Before(c.last.At) { // the clock was put back
			c.now = c.last.At
		}
		return fn(c)
	})
}

// add signs and writes the next seal, whose kind, days and expiry are l's, over lines.
func (s *Sealer) add(ctx context.Context, c *chain, l *link, lines []Line) error {
	l.Tenant, l.Number, l.At = c.tenant, c.last.Number+1, c.now
	l.Total, l.Last, l.Newest = c.last.Total+int64(len(lines)), c.last.Last, c.last.Newest
	l.Settled = max(l.Settled, c.last.Settled)
	l.ids, l.leaves = make([]int64, 0, len(lines)), make([]byte, 0, sha256.Size*len(lines))
	hashes := make([]hash, 0, len(lines))
	var buffer []byte
	for i := range lines {
		buffer = lines[i].encode(buffer[:0])
		h := hashLeaf(buffer)
		hashes = append(hashes, h)
		l.leaves = append(l.leaves, h[:]...)
		l.ids = append(l.ids, lines[i].ID)
		l.Last = max(l.Last, lines[i].ID)
		// A time that is not credible may be sealed, for it stands there, but must not move the search's horizon.
		if at := lines[i].At; at.After(l.Newest) && !at.After(c.now) {
			l.Newest = at
		}
	}
	if l.Newest.IsZero() {
		l.Newest = c.now
	}
	l.Count, l.Events, l.Root = len(l.ids), hashIDs(l.ids), merkleRoot(hashes)
	if c.last.Number > 0 {
		l.Previous = c.last.hash()
	}
	var err error
	if l.Key, l.Signature, err = s.signer.Sign(l.encode()); err != nil {
		return fmt.Errorf("audit: sign a seal: %w", err)
	}
	_, err = c.tx.Exec(ctx, `insert into audit_seals (`+sealColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`,
		l.Tenant, l.Number, l.Kind, l.At, l.ids, l.leaves, l.Total, l.Last, l.Settled, l.Newest, l.Days, l.Expires,
		l.Root[:], l.Previous[:], l.Key, l.Signature)
	if err == nil {
		c.last = *l
	}
	return err
}

// seal adds one seal over what is new in tenant's log: events beyond the last
// one sealed and, where late is asked for, those before it that became visible
// since. It returns how many it sealed and when the first of them happened.
func (s *Sealer) seal(ctx context.Context, tenant int64, late lateness) (sealed int, first time.Time, end *link, err error) {
	err = s.onChain(ctx, tenant, func(c *chain) error {
		sealed, end = 0, &c.last
		l := &link{Seal: Seal{Header: Header{Kind: SealEvents, Settled: c.last.Settled}}}
		var ids []int64
		if late != noneLate && c.last.Last > c.last.Settled {
			var err error
			if ids, l.Settled, err = c.late(ctx, s.config.Late, late); err != nil {
				return err
			}
		}
		if room := sealMax - len(ids); room > 0 {
			rows, err := c.tx.Query(ctx, `select id from audit_events where tenant_id = $1 and id > $2 order by id limit $3`, tenant, c.last.Last, room)
			if err != nil {
				return err
			}
			fresh, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return err
			}
			ids = append(ids, fresh...)
		}
		if len(ids) == 0 {
			// Once all is quiet a seal without events says that nothing belongs before it any more.
			if l.Settled > c.last.Settled && l.Settled == c.last.Last {
				return s.add(ctx, c, l, nil)
			}
			return nil
		}
		lines, err := linesOf(ctx, c.tx, tenant, ids)
		if err != nil {
			return err
		}
		sealed, first = len(lines), lines[0].At
		return s.add(ctx, c, l, lines)
	})
	return sealed, first, end, err
}

// late returns the events among those sealed last that are in no seal, at most
// sealMax, and up to which id there will be no more of them.
func (c *chain) late(ctx context.Context, within time.Duration, l lateness) (ids []int64, settled int64, err error) {
	// What had an id before the newest seal of a minute ago is visible now or never.
	err = c.tx.QueryRow(ctx, `select coalesce((select last from audit_seals where tenant_id = $1 and at < $2 order by number desc limit 1), 0)`,
		c.tenant, c.now.Add(-within)).Scan(&settled)
	if err != nil {
		return nil, 0, err
	}
	settled = max(settled, c.last.Settled)
	upto := c.last.Last
	if l == settledLate {
		upto = settled
	}
	if upto == c.last.Settled {
		return nil, settled, nil
	}
	rows, err := c.tx.Query(ctx, `select events from audit_seals where tenant_id = $1 and last > $2`, c.tenant, c.last.Settled)
	if err != nil {
		return nil, 0, err
	}
	sealed := map[int64]struct{}{}
	lists, err := pgx.CollectRows(rows, pgx.RowTo[[]int64])
	if err != nil {
		return nil, 0, err
	}
	for _, list := range lists {
		for _, id := range list {
			sealed[id] = struct{}{}
		}
	}
	rows, err = c.tx.Query(ctx, `select id from audit_events where tenant_id = $1 and id > $2 and id <= $3 order by id`,
		c.tenant, c.last.Settled, upto)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, 0, err
		}
		if _, is := sealed[id]; !is {
			ids = append(ids, id)
		}
	}
	if len(ids) > sealMax {
		ids, settled = ids[:sealMax], c.last.Settled
	}
	return ids, settled, rows.Err()
}

// reader is what queries need of a transaction: *postgres.Tx and pgx.Tx have it.
type reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// linesOf reads events by their ids, in the order of ids ascending. Those that
// are not there are left out.
func linesOf(ctx context.Context, tx reader, tenant int64, ids []int64) ([]Line, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from audit_events where tenant_id = $1 and id = any($2) order by id`, tenant, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanLine)
}
