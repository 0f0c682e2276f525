package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// filled puts one row that is over and one that is not into each table.
func filled(tx *postgres.Tx, now time.Time) error {
	day := 24 * time.Hour
	for _, s := range []struct {
		sql        string
		over, good time.Time
	}{
		{`insert into members (tenant_id, id, email, status) values ($1, extract(epoch from $2::timestamptz)::bigint, 'a' || extract(epoch from $2::timestamptz)::bigint || '@example.com', 'active')`, now, now.Add(time.Hour)},
		{`insert into ended_sessions (tenant_id, member_id, session, at, expires_at) select tenant_id, min(id), $2::timestamptz::text, $2, $2 from members where tenant_id = $1 group by 1`, now.Add(-time.Second), now.Add(time.Second)},
		{`insert into recovery_links (tenant_id, id, email, hash, pepper, expires_at) values ($1, extract(epoch from $2::timestamptz)::bigint, 'a@example.com', sha256(''), 1, $2)`, now.Add(-31 * day), now.Add(-29 * day)},
		{`insert into access_tokens (tenant_id, id, kind, name, actions, hash, pepper, expires_at) values ($1, extract(epoch from $2::timestamptz)::bigint, 'scim', 'T', '{}', sha256(''), 1, $2)`, now.Add(-91 * day), now.Add(-89 * day)},
		{`insert into access_tokens (tenant_id, id, kind, name, actions, hash, pepper, expires_at, revoked_at) values ($1, 1 + extract(epoch from $2::timestamptz)::bigint, 'scim', 'T', '{}', sha256(''), 1, now() + interval '1 day', $2)`, now.Add(-91 * day), now.Add(-89 * day)},
		{`insert into idempotency (tenant_id, actor, key, fingerprint, status, body, created_at) values ($1, 'a', $2::timestamptz::text, '', 200, '', $2)`, now.Add(-25 * time.Hour), now.Add(-23 * time.Hour)},
		{`insert into viewings (tenant_id, actor, hour, rows) values ($1, 'a', $2, 1)`, now.Add(-25 * time.Hour), now.Add(-23 * time.Hour)},
	} {
		for _, at := range []time.Time{s.over, s.good} {
			if _, err := tx.Exec(tx.Context(), s.sql, tx.TenantID(), at); err != nil {
				return err
			}
		}
	}
	return nil
}

func counts(tx *postgres.Tx) (n []int64, err error) {
	for _, table := range []string{"members", "ended_sessions", "recovery_links", "access_tokens", "idempotency", "viewings"} {
		var rows int64
		if err := tx.QueryRow(tx.Context(), `select count(*) from `+table+` where tenant_id = $1`, tx.TenantID()).Scan(&rows); err != nil {
			return nil, err
		}
		n = append(n, rows)
	}
	return n, nil
}

func setupHousekeeper(t *testing.T) (*housekeeper, []*tenant.Tenant) {
	t.Helper()
	d := postgrestest.New(t)
	db := d.Open(t)
	record := lrs.New(lrs.Config{DB: db})
	t.Cleanup(record.Close)
	h := newHousekeeper(db, d.OpenOperator(t), record, slog.Default())
	platform, err := tenant.Platform(t.Context(), h.operator)
	require.NoError(t, err)
	all := []*tenant.Tenant{platform}
	for _, slug := range []string{"acme", "umbra"} {
		made, err := tenant.Create(t.Context(), h.operator, slug, slug, time.Now())
		require.NoError(t, err)
		all = append(all, made)
	}
	return h, all
}

func TestHousekeepingForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	h, tenants := setupHousekeeper(t)
	now := time.Now().UTC().Truncate(time.Second)
	for _, of := range tenants {
		require.NoError(t, h.db.Tenant(t.Context(), of.Scope("test"), func(tx *postgres.Tx) error { return filled(tx, now) }))
	}
	rows, err := h.round(t.Context(), now)
	require.NoError(t, err)
	require.EqualValues(t, 6*len(tenants), rows)
	for _, of := range tenants {
		require.NoError(t, h.db.TenantRead(t.Context(), of.Scope("test"), func(tx *postgres.Tx) error {
			n, err := counts(tx)
			require.Equal(t, []int64{2, 1, 1, 2, 1, 1}, n, of.Slug)
			return err
		}))
	}
	rows, err = h.round(t.Context(), now)
	require.NoError(t, err)
	require.Zero(t, rows)
}

func TestHousekeepingGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	h, tenants := setupHousekeeper(t)
	require.NoError(t, h.db.Tenant(t.Context(), tenants[1].Scope("test"), func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `insert into viewings (tenant_id, actor, hour, rows)
			select $1, 'a' || i, now() - interval '2 days', 1 from generate_series(1, 2500) i`, tx.TenantID())
		return err
	}))
	rows, err := h.round(t.Context(), time.Now())
	require.NoError(t, err)
	require.EqualValues(t, 2500, rows)
}

func TestHousekeepingOfOneTenantFails(t *testing.T) {
	t.Parallel()
	h, tenants := setupHousekeeper(t)
	visited := map[int64]int64{}
	h.prunes = []prune{func(tx *postgres.Tx, _ time.Time) (int64, error) {
		visited[tx.TenantID()]++
		if tx.TenantID() == tenants[1].ID {
			return 0, errors.New("broken")
		}
		return 2 - visited[tx.TenantID()], nil
	}}
	rows, err := h.round(t.Context(), time.Now())
	require.ErrorContains(t, err, "broken")
	require.EqualValues(t, 2, rows)
	require.Len(t, visited, 3)

	ended, end := context.WithCancel(t.Context())
	end()
	done := make(chan struct{})
	go func() { h.run(ended); close(done) }()
	<-done
}
