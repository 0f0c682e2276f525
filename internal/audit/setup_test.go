package audit_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

// world is one database with two tenants, a sealer, and somebody who may do
// anything to its tables.
type world struct {
	t            *testing.T
	urls         *postgrestest.Database
	db           *postgres.DB
	sealer       *postgres.Sealer
	intruder     *pgx.Conn
	keys         *keys
	mine, theirs postgres.Scope
}

func setup(t *testing.T) *world {
	t.Helper()
	urls := postgrestest.New(t)
	w := &world{t: t, urls: urls, db: urls.Open(t), sealer: urls.OpenSealer(t), keys: &keys{}}
	op := urls.OpenOperator(t)
	w.mine, w.theirs = w.tenant(op, "mine"), w.tenant(op, "theirs")
	var err error
	w.intruder, err = pgx.Connect(t.Context(), urls.Owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.intruder.Close(context.Background()) })
	for _, table := range []string{"audit_events", "audit_seals", "audit_words", "audit_segments", "audit_streams", "audit_anchors"} {
		w.force(`alter table ` + table + ` no force row level security`)
		w.force(`alter table ` + table + ` disable trigger user`)
	}
	return w
}

func (w *world) tenant(op *postgres.Operator, slug string) postgres.Scope {
	w.t.Helper()
	var id int64
	require.NoError(w.t, op.Do(w.t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(w.t.Context(), `insert into tenants (slug, name) values ($1, $1) returning id`, slug).Scan(&id)
	}))
	return postgres.NewScope(id, "test")
}

// force runs sql past every fence.
func (w *world) force(sql string, args ...any) int64 {
	w.t.Helper()
	tag, err := w.intruder.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err, sql)
	return tag.RowsAffected()
}

func (w *world) number(sql string, args ...any) (n int64) {
	w.t.Helper()
	require.NoError(w.t, w.intruder.QueryRow(w.t.Context(), sql, args...).Scan(&n), sql)
	return n
}

// sealing returns a sealer for which everything is settled at once.
func (w *world) sealing(change ...func(*audit.SealerConfig)) *audit.Sealer {
	c := audit.SealerConfig{Sealer: w.sealer, DB: w.db, Signer: w.keys, Late: time.Microsecond}
	for _, fn := range change {
		fn(&c)
	}
	return audit.NewSealer(c)
}

func withAnchors(b *blob.Bucket) func(*audit.SealerConfig) {
	return func(c *audit.SealerConfig) { c.Anchors = b }
}

func (w *world) seal(change ...func(*audit.SealerConfig)) {
	w.t.Helper()
	require.NoError(w.t, w.sealing(change...).Round(w.t.Context()))
}

// in runs fn as a tenant, with a member as the source.
func (w *world) in(scope postgres.Scope, fn func(*postgres.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.try(scope, fn))
}

func (w *world) try(scope postgres.Scope, fn func(*postgres.Tx) error) error {
	return w.db.Tenant(audit.With(w.t.Context(), ann), scope, fn)
}

var ann = audit.Source{
	Actor:   audit.Actor{Kind: audit.ByMember, ID: "member:h4k2m9q0", Name: "Ann Smith"},
	Address: "192.0.2.7", UserAgent: "Browser/1.0", Session: "s1", RequestID: "r1",
}

// record writes n events of a kind that differ in their target.
func (w *world) record(scope postgres.Scope, n int) {
	w.t.Helper()
	w.in(scope, func(tx *postgres.Tx) error {
		for i := range n {
			if err := audit.Record(tx, audit.Event{
				Type: audit.KeyCreated, Target: audit.Target{Kind: "key", ID: fmt.Sprintf("key-%d", i), Name: "Player"},
				After: map[string]any{"scopes": []string{"all"}},
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) list(scope postgres.Scope, f audit.Filter) (all []audit.Line) {
	w.t.Helper()
	w.in(scope, func(tx *postgres.Tx) error {
		page := audit.Page{Limit: 7}
		for {
			lines, next, err := audit.List(tx, f, page)
			require.NoError(w.t, err)
			all = append(all, lines...)
			if next == "" {
				return nil
			}
			require.NotEqual(w.t, page.After, next)
			page.After = next
		}
	})
	return all
}

func (w *world) verify(change ...func(*audit.VerifyOptions)) *audit.Report {
	w.t.Helper()
	o := audit.VerifyOptions{Verifier: w.keys}
	for _, fn := range change {
		fn(&o)
	}
	r, err := audit.Verify(w.t.Context(), audit.InTenant(w.db, w.mine), w.mine.Tenant(), o)
	require.NoError(w.t, err)
	return r
}

func against(b *blob.Bucket) func(*audit.VerifyOptions) {
	return func(o *audit.VerifyOptions) { o.Anchors = b }
}

// laterBy looks at the chain as somebody does who comes after d.
func laterBy(d time.Duration) func(*audit.VerifyOptions) {
	return func(o *audit.VerifyOptions) { o.Now = func() time.Time { return time.Now().Add(d) } }
}

// keys is a ring of signing keys; the last one signs.
type keys struct {
	mu  sync.Mutex
	all []ed25519.PrivateKey
}

func (k *keys) Sign(data []byte) (string, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.all) == 0 {
		k.add()
	}
	n := len(k.all) - 1
	return fmt.Sprint(n), ed25519.Sign(k.all[n], data), nil
}

func (k *keys) add() {
	_, private, _ := ed25519.GenerateKey(nil)
	k.all = append(k.all, private)
}

func (k *keys) Verify(id string, data, sig []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := range k.all {
		if fmt.Sprint(n) == id {
			if !ed25519.Verify(k.all[n].Public().(ed25519.PublicKey), data, sig) {
				return fault.New(fault.Invalid, "the signature is wrong")
			}
			return nil
		}
	}
	return fault.New(fault.NotFound, "there is no key %q", id)
}

// sealLate runs rounds until everything is settled.
func (w *world) sealLate() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		w.seal() // the first round of a sealer looks at everything
		return w.number(`select count(*) from (select distinct on (tenant_id) last, settled from audit_seals order by tenant_id, number desc) s where last > settled`) == 0
	}, 10*time.Second, time.Millisecond)
	w.save()
}

// save keeps the log as it is, for restore.
func (w *world) save() {
	for _, table := range []string{"audit_events", "audit_seals"} {
		w.force(`drop table if exists saved_` + table)
		w.force(`create table saved_` + table + ` as table ` + table)
	}
}

// restore undoes what was done to the log since save.
func (w *world) restore() {
	w.t.Helper()
	for _, table := range []string{"audit_events", "audit_seals"} {
		w.force(`delete from ` + table)
	}
	w.force(`insert into audit_events overriding system value table saved_audit_events`)
	w.force(`insert into audit_seals table saved_audit_seals`)
}

// numberElsewhere is number on a connection of its own.
func (w *world) numberElsewhere(sql string) (n int64) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.urls.Owner)
	require.NoError(w.t, err)
	defer conn.Close(context.Background())
	require.NoError(w.t, conn.QueryRow(w.t.Context(), sql).Scan(&n))
	return n
}
