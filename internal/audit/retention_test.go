package audit_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// old writes n events that happened days ago and seals them as of then.
func (w *world) old(n, days int) {
	w.t.Helper()
	last := w.number(`select coalesce(max(id), 0) from audit_events`)
	w.record(w.mine, n)
	at := time.Now().AddDate(0, 0, -days)
	w.force(`update audit_events set at = $1::timestamptz + (id - $2) * interval '1 millisecond' where id > $2`, at, last)
	s := w.sealing(func(c *audit.SealerConfig) { c.Now = func() time.Time { return at.Add(time.Minute) } })
	require.NoError(w.t, s.Round(w.t.Context()))
}

func (w *world) keep(days int) {
	w.t.Helper()
	w.in(w.mine, func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `insert into tenant_settings (tenant_id, audit_days) values ($1, $2)
			on conflict (tenant_id) do update set audit_days = $2`, w.mine.Tenant(), days)
		return err
	})
}

func TestEventsLeaveWhenThePolicySaysSo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.force(`alter table audit_events enable trigger user`) // what protects the table in production
	w.old(1500, 400)
	w.old(3, 399)
	w.old(5, 100)
	w.record(w.mine, 2)
	w.seal()
	require.Positive(t, w.number(`select count(*) from audit_words`))
	first := w.list(w.mine, audit.Filter{Target: "key-4"})
	require.Len(t, first, 2)

	retain := func(now time.Time) {
		s := w.sealing(func(c *audit.SealerConfig) { c.Now = func() time.Time { return now } })
		require.NoError(t, s.Retain(t.Context()))
	}
	retain(time.Now())
	require.EqualValues(t, 1510, w.number(`select count(*) from audit_events`), "kept for ever unless the tenant says otherwise")
	w.keep(365)
	retain(time.Now())
	require.EqualValues(t, 1510, w.number(`select count(*) from audit_events`), "announced first")
	require.EqualValues(t, 365, w.number(`select days from audit_seals where kind = 'policy'`))
	retain(time.Now().Add(6 * 24 * time.Hour))
	require.EqualValues(t, 1510, w.number(`select count(*) from audit_events`))
	retain(time.Now().Add(8 * 24 * time.Hour))
	require.EqualValues(t, 7, w.number(`select count(*) from audit_events where action <> 'audit.retention_ran'`))
	require.EqualValues(t, 1, w.number(`select count(*) from audit_events where action = 'audit.retention_ran'`))
	require.Zero(t, w.number(`select count(*) from audit_segments`))
	require.Zero(t, w.number(`select count(*) from audit_words`))
	require.Len(t, w.list(w.mine, audit.Filter{Target: "key-4"}), 1)

	w.seal(func(c *audit.SealerConfig) { c.Now = func() time.Time { return time.Now().Add(8 * 24 * time.Hour) } })
	later := laterBy(8*24*time.Hour + time.Minute)
	r := w.verify(later)
	require.Empty(t, r.Findings)
	expired := r.Expired
	require.EqualValues(t, 2, expired, "the policy is the third")

	// Shorter, longer, for ever: each is announced again, and nothing leaves meanwhile.
	w.keep(60)
	retain(time.Now().Add(9 * 24 * time.Hour))
	w.keep(365)
	retain(time.Now().Add(10 * 24 * time.Hour))
	retain(time.Now().Add(16 * 24 * time.Hour))
	require.Equal(t, expired, w.verify(later).Expired)
}

func TestADeletionIsNoRetention(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.old(10, 400)
	w.old(5, 300)
	w.keep(365)
	for _, days := range []int{0, 8} {
		s := w.sealing(func(c *audit.SealerConfig) {
			c.Now = func() time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
		})
		require.NoError(t, s.Retain(t.Context()))
	}
	require.EqualValues(t, 5, w.number(`select count(*) from audit_events where actor_kind = 'member'`))
	later := laterBy(8*24*time.Hour + time.Minute)
	w.force(`delete from audit_events where action = 'audit.retention_ran'`)
	require.Empty(t, w.verify().Findings)
	w.save()

	// Deleted beyond what has expired.
	w.force(`delete from audit_events where actor_kind = 'member'`)
	require.Equal(t, audit.EventMissing, w.verify(later).Findings[0].Kind)
	w.restore()
	// And a record that says so, written by whoever has no key.
	w.force(`delete from audit_events where actor_kind = 'member'`)
	w.force(`update audit_seals set expires = 100, days = 1 where kind = 'expiry'`)
	require.Contains(t, kinds(w.verify(later)), audit.BadSignature)
	w.restore()
	w.force(`insert into audit_seals (tenant_id, number, kind, at, events, leaves, total, last, settled, newest, days, expires, root, previous, key_id, signature)
		select tenant_id, number + 1, 'expiry', at, events, leaves, total, last, settled, newest, 30, number - 2, root, sha256(signature), key_id, signature
		from audit_seals where tenant_id = $1 order by number desc limit 1`, w.mine.Tenant())
	require.Contains(t, kinds(w.verify(later)), audit.BadSignature)
	w.restore()
	// What has expired and is there again.
	w.force(`insert into audit_events overriding system value select tenant_id, (select events[1] from audit_seals where number = 1 and tenant_id = $1), at, actor_kind, actor_id,
		actor_name, action, target_kind, target_id, target_name, outcome, address, user_agent, session, request_id, details from audit_events where tenant_id = $1 limit 1`, w.mine.Tenant())
	require.Contains(t, kinds(w.verify(later)), audit.EventReturned)
}

func kinds(r *audit.Report) (all []audit.Kind) {
	for _, f := range r.Findings {
		all = append(all, f.Kind)
	}
	return all
}

func TestTheSealersRoleDeletesNothingThatHasNotExpired(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.old(5, 400)
	w.record(w.mine, 5)
	w.seal()
	w.force(`alter table audit_events enable trigger user`)
	for _, sql := range []string{`delete from audit_events`, `delete from audit_events where at < now() - interval '300 days'`} {
		err := w.sealer.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		require.Equal(t, "42501", pg.Code)
		_, err = w.intruder.Exec(t.Context(), sql)
		require.ErrorAs(t, err, &pg, "the owner of the table too")
	}
	err := w.try(w.mine, func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `insert into audit_events (tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
			outcome, address, user_agent, session, request_id, details) values ($1, now() - interval '1 day', '', '', '', '', '', '', '', 'success', '', '', '', '', '')`, w.mine.Tenant())
		return err
	})
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "42501", pg.Code, "nobody chooses the time of an event")
}
