package ratelimit_test

import (
	"os/exec"
	"testing"

	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

// BenchmarkAllow is the cost of a decision with all four windows: local, with a
// Redis that is away (the same, or the breaker does not work), and over a unix
// socket to a real one.
func BenchmarkAllow(b *testing.B) {
	limits := ratelimit.Limits{KeyRequests: 1e9, KeyStatements: 1e9, TenantRequests: 1e9, TenantStatements: 1e9}
	urls := map[string]string{"local": "", "away": "redis://127.0.0.1:1", "miniredis": startMini(b)}
	if _, err := exec.LookPath("redis-server"); err == nil {
		urls["redis"], _ = startReal(b)
	}
	for name, url := range urls {
		b.Run(name, func(b *testing.B) {
			l := open(b, ratelimit.Config{URL: url, Limits: limits})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if !l.Allow(b.Context(), ratelimit.Request{Tenant: 1, Key: 1, Requests: 1, Statements: 5}).Allowed {
						b.Error("refused")
					}
				}
			})
		})
	}
}
