package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
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
// whole request, POST /xapi/statements: the time of a route behind all of that
// less the time of the same route that asks nobody anything, over the time of
// the whole. docs/performance.md has the figures.
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
	uses := audit.NewUses(db, logger)
	b.Cleanup(uses.Close)
	moreKeys, moreVersion := peppers.Derive("links to more statements")
	open := func(redis string, uses *audit.Uses) *httpapi.API {
		limiter, err := ratelimit.New(ratelimit.Config{URL: redis, Logger: logger, Limits: ratelimit.Limits{
			TenantRequests: 1 << 30, TenantStatements: 1 << 30, KeyRequests: 1 << 30, KeyStatements: 1 << 30,
		}})
		require.NoError(b, err)
		b.Cleanup(limiter.Close)
		api, err := httpapi.New(httpapi.Config{
			DB: db, LRS: record, Authn: keys, Limiter: limiter, Logger: logger, MoreKeys: moreKeys, MoreVersion: moreVersion, Uses: uses,
			Metrics: httpapi.NewMetrics(httpapi.Sources{Ingest: record.Stats, Limiter: limiter, Pool: db.Stats}),
		})
		require.NoError(b, err)
		require.NoError(b, api.MountAdmission())
		return api
	}
	bodies, post := sample.New(1, sample.Options{}), func(b *testing.B, api *httpapi.API, path string, body []byte) time.Duration {
		b.Helper()
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, bytes.NewReader(body))
		req.SetBasicAuth(user, password)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Experience-API-Version", "2.0.0")
		w := httptest.NewRecorder()
		began := time.Now()
		api.ServeHTTP(w, req)
		took := time.Since(began)
		if w.Code >= 300 {
			b.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		return took
	}
	for _, variant := range []struct {
		name string
		api  *httpapi.API
	}{{"alone", open("", uses)}, {"alone, not counting", open("", nil)}, {"with Redis", open(redisServer(b), uses)}} {
		for _, statements := range []int{1, 50} {
			for _, clients := range []int{1, 32} {
				b.Run(fmt.Sprintf("%s/%d statements/%d clients", variant.name, statements, clients), func(b *testing.B) {
					work := make(chan []byte, b.N)
					for range b.N {
						work <- bodies.Batch(statements)
					}
					var opened, admitted, whole atomic.Int64
					var group sync.WaitGroup
					b.ResetTimer()
					close(work)
					for range clients {
						group.Go(func() {
							// In turn, so that all three are measured while the machine is as busy.
							for batch := range work {
								opened.Add(int64(post(b, variant.api, "/xapi/open", []byte(fmt.Sprint(statements)))))
								admitted.Add(int64(post(b, variant.api, "/xapi/admitted", []byte(fmt.Sprint(statements)))))
								whole.Add(int64(post(b, variant.api, "/xapi/statements", batch)))
							}
						})
					}
					group.Wait()
					over := admitted.Load() - opened.Load()
					b.ReportMetric(float64(over)/float64(b.N)/1e3, "admission-µs")
					b.ReportMetric(float64(whole.Load())/float64(b.N)/1e3, "whole-µs")
					b.ReportMetric(100*float64(over)/float64(whole.Load()), "%")
				})
			}
		}
	}
}

// redisServer is a real one, as in production, where there is one on the PATH;
// else what "stoa dev" has.
func redisServer(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "redis://" + miniredis.RunT(b).Addr()
	}
	socket := filepath.Join(b.TempDir(), "redis.sock")
	server := exec.CommandContext(b.Context(), path, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	require.NoError(b, server.Start())
	b.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	require.Eventually(b, func() bool { _, err := os.Stat(socket); return err == nil }, 10*time.Second, 10*time.Millisecond)
	return "unix://" + socket
}
