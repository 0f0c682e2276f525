package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// BenchmarkAdmission tells what letting a request in costs (authentication,
// authorization, rate limit, and counting what the key is used for) beside the
// whole request: "open" is a route that asks nobody anything, "admitted" is the
// same route behind all of that, "whole" is POST /xapi/statements. The overhead
// is (admitted − open) / whole. docs/performance.md has the figures.
func BenchmarkAdmission(b *testing.B) {
	d := postgrestest.New(b)
	db, operator := d.Open(b), d.OpenOperator(b)
	peppers, err := tenant.ParsePeppers("1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("p", 32))))
	require.NoError(b, err)
	made, err := tenant.Create(b.Context(), operator, "bench", "Bench", time.Now())
	require.NoError(b, err)
	var user, password string
	require.NoError(b, db.Tenant(b.Context(), made.Scope("test"), func(tx *postgres.Tx) error {
		s, err := tenant.CreateStore(tx, "main", "Main", tenant.Production, time.Now())
		if err != nil {
			return err
		}
		k, plain, err := tenant.CreateKey(tx, peppers, tenant.NewKey{Store: s.ID, Name: "K", Scopes: authz.ScopeStatementsWrite, HomePage: "https://lrs.example.com"}, time.Now())
		if err == nil {
			user, password = k.User, plain.Reveal()
		}
		return err
	}))
	logger := slog.New(slog.DiscardHandler)
	keys := authn.New(authn.Config{DB: db, Peppers: peppers, Logger: logger})
	b.Cleanup(keys.Close)
	blobs, err := app.OpenBlobs(b.Context(), "mem://")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, blobs.Close()) })
	record := lrs.New(lrs.Config{DB: db, Blobs: blobs, Logger: logger})
	b.Cleanup(record.Close)
	limiter, err := ratelimit.New(ratelimit.Config{Limits: ratelimit.Limits{
		TenantRequests: 1 << 30, TenantStatements: 1 << 30, KeyRequests: 1 << 30, KeyStatements: 1 << 30,
	}})
	require.NoError(b, err)
	b.Cleanup(limiter.Close)
	uses := audit.NewUses(db, logger)
	b.Cleanup(uses.Close)
	moreKeys, moreVersion := peppers.Derive("links to more statements")
	api, err := httpapi.New(httpapi.Config{
		DB: db, LRS: record, Authn: keys, Limiter: limiter, Logger: logger, MoreKeys: moreKeys, MoreVersion: moreVersion, Uses: uses,
		Metrics: httpapi.NewMetrics(httpapi.Sources{Ingest: record.Stats, Limiter: limiter, Pool: db.Stats}),
	})
	require.NoError(b, err)
	require.NoError(b, api.MountAdmission())

	post := func(b *testing.B, path string, body []byte) {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, bytes.NewReader(body))
		req.SetBasicAuth(user, password)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Experience-API-Version", "2.0.0")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, req)
		if w.Code >= 300 {
			b.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	bodies := sample.New(1, sample.Options{})
	for _, statements := range []int{1, 50} {
		for _, at := range []struct{ name, path string }{{"open", "/xapi/open"}, {"admitted", "/xapi/admitted"}, {"whole", "/xapi/statements"}} {
			b.Run(fmt.Sprintf("%s/%d", at.name, statements), func(b *testing.B) {
				body := []byte(fmt.Sprint(statements))
				for b.Loop() {
					if at.name == "whole" {
						b.StopTimer()
						body = bodies.Batch(statements)
						b.StartTimer()
					}
					post(b, at.path, body)
				}
			})
		}
	}
	// Under load the processors are the limit, not the disk.
	for _, at := range []struct{ name, path string }{{"open", "/xapi/open"}, {"admitted", "/xapi/admitted"}, {"whole", "/xapi/statements"}} {
		b.Run(at.name+"/1/64 at once", func(b *testing.B) {
			batches := make([][]byte, b.N)
			for i := range batches {
				batches[i] = []byte("1")
				if at.name == "whole" {
					batches[i] = bodies.Batch(1)
				}
			}
			work := make(chan []byte, len(batches))
			for _, batch := range batches {
				work <- batch
			}
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					post(b, at.path, <-work)
				}
			})
		})
	}
}
