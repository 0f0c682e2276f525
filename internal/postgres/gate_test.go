package postgres_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// row is any table with a tenant_id, for gorm.
type row struct{ TenantID int64 }

func (row) TableName() string { return "documents" }

func TestGormStaysInItsTransaction(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
		g := tx.Gorm()
		var rows []row
		require.NoError(t, g.Find(&rows).Error)
		require.Equal(t, []row{{w.mine.Tenant()}}, rows)

		_, err := g.DB()
		require.Error(t, err, "DB() hands out the pool")
		err = g.Connection(func(*gorm.DB) error { t.Error("Connection() ran"); return nil })
		require.Error(t, err)
		require.Error(t, g.Begin().Error)
		require.Error(t, tx.Gorm().Commit().Error)
		require.Error(t, tx.Gorm().Rollback().Error)
		err = tx.Gorm().Transaction(func(*gorm.DB) error { t.Error("Transaction() ran"); return nil })
		require.Error(t, err)

		// Whatever a session is derived into, it is the same transaction.
		for name, derived := range map[string]*gorm.DB{
			"new":         tx.Gorm().Session(&gorm.Session{NewDB: true}),
			"context":     tx.Gorm().WithContext(context.Background()),
			"initialized": tx.Gorm().Session(&gorm.Session{Initialized: true}),
			"unscoped":    tx.Gorm().Unscoped(),
			"skip hooks":  tx.Gorm().Session(&gorm.Session{SkipHooks: true, SkipDefaultTransaction: false}),
			"debug":       tx.Gorm().Debug(),
		} {
			rows = nil
			require.NoError(t, derived.Find(&rows).Error, name)
			require.Equal(t, []row{{w.mine.Tenant()}}, rows, name)
			_, err := derived.DB()
			require.Error(t, err, name)
		}
		require.Error(t, tx.Gorm().Session(&gorm.Session{PrepareStmt: true}).Find(&rows).Error, "prepared statements outlive the transaction")
		_, err = tx.Gorm().Session(&gorm.Session{PrepareStmt: true}).DB()
		require.Error(t, err)
		return nil
	}))
}

func TestWhatLeakedIsOfNoUse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var leaked *postgres.Tx
	var session, derived *gorm.DB
	var batch pgx.BatchResults
	for _, end := range []error{nil, errors.New("rolled back")} {
		err := w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			leaked, session = tx, tx.Gorm()
			derived = session.Where("true")
			return end
		})
		require.Equal(t, end, err)
		var rows []row
		var n int
		for name, err := range map[string]error{
			"gorm":         session.Find(&rows).Error,
			"derived":      derived.Find(&rows).Error,
			"raw":          session.Raw("select 1").Scan(&n).Error,
			"row":          session.Raw("select 1").Row().Scan(&n),
			"exec":         session.Exec("select 1").Error,
			"gorm of a tx": leaked.Gorm().Find(&rows).Error,
			"query row":    leaked.QueryRow(t.Context(), "select 1").Scan(&n),
		} {
			require.Error(t, err, name)
		}
		_, err = leaked.Exec(t.Context(), "select 1")
		require.ErrorContains(t, err, "after its end")
		_, err = leaked.Query(t.Context(), "select 1") //nolint:sqlclosecheck // there are none
		require.ErrorContains(t, err, "after its end")
		batch = leaked.SendBatch(t.Context(), &pgx.Batch{})
		_, err = batch.Exec()
		require.ErrorContains(t, err, "after its end")
		require.ErrorContains(t, batch.QueryRow().Scan(&n), "after its end")
		require.Empty(t, rows)
	}
	var ingest *postgres.IngestTx
	require.NoError(t, w.db.Ingest(t.Context(), []int64{w.mine.Tenant()}, func(tx *postgres.IngestTx) error { ingest = tx; return nil }))
	_, err := ingest.Exec(t.Context(), "select 1")
	require.ErrorContains(t, err, "after its end")
}

// A goroutine that outlives its transaction must never act in the next one that
// has the same connection.
func TestALeakedTransactionDoesNotReachTheNextOne(t *testing.T) {
	t.Parallel()
	w := setup(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: w.urls.App, IngestURL: w.urls.Ingest, MaxConns: 1, Lanes: 1})
	require.NoError(t, err)
	defer db.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 200 {
		_ = db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := tx.Exec(context.Background(), `insert into stores (tenant_id, slug, name, kind)
						select nullif(current_setting('app.tenant_id', true), '')::bigint, md5(random()::text), 'leak', 'sandbox'`); err != nil {
						return
					}
				}
			})
			runtime.Gosched()
			return nil
		})
		_ = db.Tenant(t.Context(), w.them, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), "select 1")
			return err
		})
	}
	close(stop)
	wg.Wait()
	require.NoError(t, w.db.TenantRead(t.Context(), w.them, func(tx *postgres.Tx) error {
		var n int
		err := tx.QueryRow(t.Context(), `select count(*) from stores where name = 'leak'`).Scan(&n)
		require.Zero(t, n, "a leaked transaction wrote as another tenant")
		return err
	}))
}

func TestATransactionNeedsOneTenant(t *testing.T) {
	t.Parallel()
	w := setup(t)
	never := func(*postgres.Tx) error { t.Error("ran"); return nil }
	for _, scope := range []postgres.Scope{{}, postgres.NewScope(0, "x"), postgres.NewScope(-1, "x")} {
		require.ErrorContains(t, w.db.Tenant(t.Context(), scope, never), "without a tenant")
		require.ErrorContains(t, w.db.TenantRead(t.Context(), scope, never), "without a tenant")
	}
	require.NoError(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
		for _, inner := range []postgres.Scope{w.mine, w.them} {
			require.ErrorContains(t, w.db.Tenant(tx.Context(), inner, never), "inside a transaction")
			require.ErrorContains(t, w.db.TenantRead(tx.Context(), inner, never), "inside a transaction")
		}
		require.ErrorContains(t, w.db.Ingest(tx.Context(), []int64{w.mine.Tenant()}, func(*postgres.IngestTx) error {
			t.Error("ran")
			return nil
		}), "inside a transaction")
		return nil
	}))
}

// One connection serves all tenants in turn: nothing of one may stay on it.
func TestNothingStaysOnTheConnection(t *testing.T) {
	t.Parallel()
	w := setup(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: w.urls.App, IngestURL: w.urls.Ingest, MaxConns: 1, Lanes: 1})
	require.NoError(t, err)
	defer db.Close()
	current := func(tx *postgres.Tx) (id int64) {
		require.NoError(t, tx.QueryRow(t.Context(), `select nullif(current_setting('app.tenant_id', true), '')::bigint`).Scan(&id))
		return id
	}
	for name, end := range map[string]func(*postgres.Tx) error{
		"commit":   func(*postgres.Tx) error { return nil },
		"rollback": func(*postgres.Tx) error { return errors.New("no") },
		"failed":   func(tx *postgres.Tx) error { _, err := tx.Exec(t.Context(), "select 1/0"); return err },
		"ended by hand": func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), "commit")
			require.NoError(t, err)
			var n int
			require.NoError(t, tx.QueryRow(t.Context(), "select count(*) from stores").Scan(&n))
			require.Zero(t, n, "after the end there is no tenant")
			return nil
		},
		"set for the session": func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, false)`, "999")
			return err
		},
		"unread rows": func(tx *postgres.Tx) error {
			_, err := tx.Query(t.Context(), "select generate_series(1, 100000)") //nolint:sqlclosecheck // left open on purpose
			return err
		},
	} {
		_ = db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			require.Equal(t, w.mine.Tenant(), current(tx))
			return end(tx)
		})
		require.NoError(t, db.Tenant(t.Context(), w.them, func(tx *postgres.Tx) error {
			require.Equal(t, w.them.Tenant(), current(tx), name)
			var n int
			require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from stores where tenant_id <> $1`, w.them.Tenant()).Scan(&n))
			require.Zero(t, n, name)
			return nil
		}), name)
	}
}

func TestAPanicCommitsNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	insert := `insert into stores (tenant_id, slug, name, kind) values ($1, 'half', 'Half', 'sandbox')`
	require.Panics(t, func() {
		_ = w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), insert, w.mine.Tenant())
			require.NoError(t, err)
			panic("half way")
		})
	})
	done := make(chan struct{})
	go func() { // what t.FailNow does inside a transaction
		defer close(done)
		_ = w.db.Tenant(context.Background(), w.mine, func(tx *postgres.Tx) error {
			_, _ = tx.Exec(context.Background(), insert, w.mine.Tenant())
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	require.NoError(t, w.db.TenantRead(t.Context(), w.mine, func(tx *postgres.Tx) error {
		var n int
		err := tx.QueryRow(t.Context(), `select count(*) from stores where slug = 'half'`).Scan(&n)
		require.Zero(t, n)
		return err
	}))
}

func TestReadOnlyMeansIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	err := w.db.TenantRead(t.Context(), w.mine, func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(), `update stores set name = 'x'`)
		return err
	})
	require.ErrorContains(t, err, "read-only transaction")
}

func TestACancelledRequestLeavesACleanPool(t *testing.T) {
	t.Parallel()
	w := setup(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: w.urls.App, IngestURL: w.urls.Ingest, MaxConns: 1, Lanes: 1})
	require.NoError(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = db.Tenant(ctx, w.mine, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, "select pg_sleep(60)")
		return err
	})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), err)
	require.NoError(t, db.Tenant(t.Context(), w.them, func(tx *postgres.Tx) error {
		var n int
		err := tx.QueryRow(t.Context(), `select count(*) from stores`).Scan(&n)
		require.Equal(t, 1, n)
		return err
	}))
}
