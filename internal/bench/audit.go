package bench

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// auditTenants share the log: the first has two thirds of it.
const auditTenants = 10

// Audit fills a log with n events over two years, on a Postgres of its own, and
// writes to out how fast events are recorded, sealed, verified and found.
func Audit(ctx context.Context, out io.Writer, n int) error {
	w := &report{out: out}
	l, err := openLaboratory(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	b := &auditBench{l: l, w: w, signer: newSigner()}
	if b.sealer, err = l.openSealer(ctx); err != nil {
		return err
	}
	defer b.sealer.Close()
	for _, step := range []func(context.Context, int) error{b.fill, b.seal, b.ask, b.record, b.live, b.verify} {
		if err := step(ctx, n); err != nil {
			return err
		}
	}
	return w.err
}

type auditBench struct {
	l      *laboratory
	w      *report
	sealer *postgres.Sealer
	signer audit.Signer
}

func (l *laboratory) openSealer(ctx context.Context) (*postgres.Sealer, error) {
	url, err := postgres.RoleURL(l.database.URL, postgres.AuditRole)
	if err != nil {
		return nil, err
	}
	return postgres.OpenSealer(ctx, url)
}

// auditFill makes events as a platform sees them: nine in ten are uses of keys
// and looks at statements, by 2,000 people and 200 keys on 50,000 targets.
const auditFill = `insert into audit_events (tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
		outcome, address, user_agent, session, request_id, details)
	select case when h % 3 < 2 then $3::bigint else $3::bigint + 1 + h % ($4::bigint - 1) end,
		now() - interval '730 days' + (g::float8 / $5::bigint) * interval '730 days',
		case when k < 60 then 'key' else 'member' end,
		case when k < 60 then 'key:' || $3::bigint || '-key' || u % 200 else 'member:' || lpad(to_hex(u % 2000), 8, '0') end,
		case when k < 60 then 'Key ' || u % 200 else (array['Ann', 'Bob', 'Cem', 'Dora', 'Eve', 'Finn', 'Gita', 'Hugo'])[1 + u % 8] || ' ' || (array['Smith', 'Jones', 'Yilmaz', 'Okafor', 'Meyer'])[1 + u % 5] end,
		case when k < 60 then 'key.used' when k < 85 then 'statements.viewed' when k < 92 then 'session.signed_in' when k < 95 then 'access.denied'
			when k < 98 then 'member.changed' when k < 99 then 'key.rotated' else (array['role.changed', 'sso.changed', 'operator.entered', 'store.emptied'])[1 + h % 4] end,
		case when k < 60 then 'key' when k < 85 then 'store' else 'member' end,
		case when k < 60 then $3::bigint || '-key' || u % 200 when k < 85 then 'store-' || h % 5 else 'm' || h % 50000 end,
		case when k < 85 then 'Production' else 'user' || h % 50000 || '@example.com' end,
		case when k between 92 and 94 then 'denied' when h % 200 = 0 then 'failure' else 'success' end,
		'203.0.' || h % 20 || '.' || u % 250, 'Mozilla/5.0 (X11; Linux x86_64)', case when k < 60 then '' else lpad(to_hex(h % 50000), 8, '0') end, lpad(to_hex(h * 7), 16, '0'),
		case when k < 60 then '{"addresses":["203.0.' || h % 20 || '.' || u % 250 || '"],"resources":{"statements.write":{"requests":' || h % 900 || ',"statements":' || h % 9000 || '}},"statuses":{"2xx":' || h % 900 || '}}'
			when k < 85 then '{"query":{"verb":"completed","activity":"course-' || h % 3000 || '"},"rows":' || h % 100 || '}'
			else '{"reason":"ticket ' || h % 1000000 || '"}' end
	from (select g, abs(hashint8(g)::bigint) as h, abs(hashint8(g + 7919)::bigint) % 100 as k, abs(hashint8(g + 104729)::bigint) as u from generate_series($1::bigint, $2::bigint) g) x`

func (b *auditBench) fill(ctx context.Context, n int) error {
	// What the making of tenants and keys wrote is newer than what is filled in.
	if _, err := b.l.super.Exec(ctx, `truncate audit_events`); err != nil {
		return err
	}
	start := time.Now()
	const chunk = 250_000
	// In the order of time, so that ids and times ascend together as they do in a log.
	for from := 1; from <= n; from += chunk {
		if _, err := b.l.super.Exec(ctx, auditFill, from, min(from+chunk-1, n), b.l.tenants[0].author.Tenant, auditTenants, n); err != nil {
			return err
		}
	}
	if _, err := b.l.super.Exec(ctx, `vacuum (analyze) audit_events`); err != nil {
		return err
	}
	b.w.printf("%d audit events of %d tenants, the first has two thirds; filled in %s\n", n, auditTenants, time.Since(start).Round(time.Second))
	return nil
}

// seal works off everything, as a sealer does that was away for two years.
func (b *auditBench) seal(ctx context.Context, n int) error {
	s := audit.NewSealer(audit.SealerConfig{Sealer: b.sealer, Signer: b.signer})
	start := time.Now()
	if err := s.Round(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	b.w.printf("sealed and made searchable in %s: %.0f events/s\n", took.Round(time.Second), float64(n)/took.Seconds())
	if _, err := b.l.super.Exec(ctx, `vacuum (analyze) audit_seals, audit_segments, audit_words`); err != nil {
		return err
	}
	for _, table := range []string{"audit_events", "audit_seals", "audit_segments", "audit_words"} {
		var rows, size, total int64
		if err := b.l.super.QueryRow(ctx, `select reltuples::bigint, pg_table_size(oid), pg_total_relation_size(oid) from pg_class where relname = $1`, table).
			Scan(&rows, &size, &total); err != nil {
			return err
		}
		b.w.printf("  %-15s %10d rows %6d MB, %5.0f bytes an event with indexes\n", table, rows, total>>20, float64(total)/float64(n))
	}
	return nil
}

// auditQuestions are the filters; r makes those of one kind differ.
func auditQuestions(tenant int64) []struct {
	name string
	ask  func(r *rand.Rand) audit.Filter
} {
	member := func(r *rand.Rand) string { return fmt.Sprintf("member:%08x", r.IntN(2000)) }
	day := func(r *rand.Rand) (time.Time, time.Time) {
		from := time.Now().Add(-time.Duration(1+r.IntN(729)) * 24 * time.Hour)
		return from, from.Add(24 * time.Hour)
	}
	return []struct {
		name string
		ask  func(r *rand.Rand) audit.Filter
	}{
		{"none", func(*rand.Rand) audit.Filter { return audit.Filter{} }},
		{"actor", func(r *rand.Rand) audit.Filter { return audit.Filter{Actor: member(r)} }},
		{"actor, a busy key", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Actor: fmt.Sprintf("key:%d-key%d", tenant, r.IntN(200))}
		}},
		{"actor that does not exist", func(*rand.Rand) audit.Filter { return audit.Filter{Actor: "member:nobody00"} }},
		{"type, common", func(*rand.Rand) audit.Filter { return audit.Filter{Types: []audit.Type{audit.KeyUsed}} }},
		{"type, rare", func(*rand.Rand) audit.Filter { return audit.Filter{Types: []audit.Type{audit.OperatorEntered}} }},
		{"type that never happened", func(*rand.Rand) audit.Filter { return audit.Filter{Types: []audit.Type{audit.RecoveryLinkUsed}} }},
		{"all types but key.used", func(*rand.Rand) audit.Filter {
			return audit.Filter{Types: slices.DeleteFunc(slices.Clone(audit.Types), func(t audit.Type) bool { return t == audit.KeyUsed })}
		}},
		{"target", func(r *rand.Rand) audit.Filter { return audit.Filter{Target: fmt.Sprint("m", r.IntN(50000))} }},
		{"session", func(r *rand.Rand) audit.Filter { return audit.Filter{Session: fmt.Sprintf("%08x", r.IntN(50000))} }},
		{"target kind", func(*rand.Rand) audit.Filter { return audit.Filter{TargetKind: "member"} }},
		{"outcome denied", func(*rand.Rand) audit.Filter { return audit.Filter{Outcomes: []audit.Outcome{audit.Denied}} }},
		{"outcome success", func(*rand.Rand) audit.Filter { return audit.Filter{Outcomes: []audit.Outcome{audit.Success}} }},
		{"a day", func(r *rand.Rand) audit.Filter { from, to := day(r); return audit.Filter{From: from, To: to} }},
		{"actor + a day", func(r *rand.Rand) audit.Filter {
			from, to := day(r)
			return audit.Filter{Actor: member(r), From: from, To: to}
		}},
		{"actor + type", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Actor: member(r), Types: []audit.Type{audit.StatementsViewed}}
		}},
		{"actor + rare type", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Actor: member(r), Types: []audit.Type{audit.OperatorEntered}}
		}},
		{"busy key + denied (never together)", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Actor: fmt.Sprintf("key:%d-key%d", tenant, r.IntN(200)), Outcomes: []audit.Outcome{audit.Denied}}
		}},
		{"denied + failure, with type", func(*rand.Rand) audit.Filter {
			return audit.Filter{Outcomes: []audit.Outcome{audit.Denied, audit.Failure}, Types: []audit.Type{audit.AccessDenied, audit.SignedIn}}
		}},
		{"common types, never together: key.used of members", func(*rand.Rand) audit.Filter {
			return audit.Filter{Types: []audit.Type{audit.KeyUsed}, TargetKind: "member"}
		}},
		{"text, rare: a ticket", func(r *rand.Rand) audit.Filter { return audit.Filter{Text: fmt.Sprint("ticket ", r.IntN(1_000_000))} }},
		{"text, an e-mail address", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Text: fmt.Sprintf("user%d@example.com", r.IntN(50000))}
		}},
		{"text, an address", func(r *rand.Rand) audit.Filter {
			return audit.Filter{Text: fmt.Sprintf("203.0.%d.%d", r.IntN(20), r.IntN(250))}
		}},
		{"text, common", func(*rand.Rand) audit.Filter { return audit.Filter{Text: "production"} }},
		{"text, a name", func(*rand.Rand) audit.Filter { return audit.Filter{Text: "dora yilmaz"} }},
		{"text, common words never together", func(*rand.Rand) audit.Filter { return audit.Filter{Text: "completed ticket"} }},
		{"text + actor", func(r *rand.Rand) audit.Filter { return audit.Filter{Text: "ticket", Actor: member(r)} }},
		{"text + outcome + a day", func(r *rand.Rand) audit.Filter {
			from, to := day(r)
			return audit.Filter{Text: "ticket", Outcomes: []audit.Outcome{audit.Denied}, From: from, To: to}
		}},
		{"text that is nowhere", func(*rand.Rand) audit.Filter { return audit.Filter{Text: "xyzzy"} }},
	}
}

// ask puts 100 questions of each kind, for the first page and for ten pages on.
func (b *auditBench) ask(ctx context.Context, _ int) error {
	b.w.printf("\n%-52s %9s %9s %9s   %9s %9s %7s\n", "filters, pages of 100 of the largest tenant", "p50", "p95", "found", "later p50", "p95", "pages")
	tenant := b.l.tenants[0].author.Tenant
	scope := postgres.NewScope(tenant, "bench")
	for _, q := range auditQuestions(tenant) {
		r := rand.New(rand.NewPCG(1, 2))
		var firsts, others result
		found, pages := 0, 0
		for range 100 {
			f, page := q.ask(r), audit.Page{}
			for i := range 10 {
				var lines []audit.Line
				start := time.Now()
				err := b.l.db.TenantRead(ctx, scope, func(tx *postgres.Tx) (err error) {
					lines, page.After, err = audit.List(tx, f, page)
					return err
				})
				if err != nil {
					return err
				}
				took := time.Since(start)
				pages++
				if i == 0 {
					firsts.latencies = append(firsts.latencies, took)
					found += len(lines)
				} else {
					others.latencies = append(others.latencies, took)
				}
				if page.After == "" {
					break
				}
			}
		}
		slices.Sort(firsts.latencies)
		slices.Sort(others.latencies)
		later, tail := "-", "-"
		if len(others.latencies) > 0 {
			later, tail = ms(others.percentile(50)), ms(others.percentile(95))
		}
		b.w.printf("%-52s %9s %9s %9.1f   %9s %9s %7.1f\n", q.name, ms(firsts.percentile(50)), ms(firsts.percentile(95)), float64(found)/100, later, tail, float64(pages)/100)
	}
	return nil
}

// record measures Record alone, in transactions of their own, and what it adds to one.
func (b *auditBench) record(ctx context.Context, _ int) error {
	for _, clients := range []int{1, 8} {
		var res result
		var mu sync.Mutex
		var running sync.WaitGroup
		var failure error
		start := time.Now()
		for c := range clients {
			running.Go(func() {
				scope := postgres.NewScope(b.l.tenants[c%len(b.l.tenants)].author.Tenant, "bench")
				for time.Since(start) < 3*time.Second {
					began := time.Now()
					err := b.l.db.Tenant(ctx, scope, func(tx *postgres.Tx) error { return audit.Record(tx, auditEvent(0)) })
					mu.Lock()
					res.latencies = append(res.latencies, time.Since(began))
					failure = errorOr(failure, err)
					mu.Unlock()
				}
			})
		}
		running.Wait()
		if failure != nil {
			return failure
		}
		slices.Sort(res.latencies)
		b.w.printf("\nrecord, a transaction each, %d clients: %.0f/s, p50 %s, p95 %s", clients, float64(len(res.latencies))/time.Since(start).Seconds(), ms(res.percentile(50)), ms(res.percentile(95)))
	}
	start, n := time.Now(), 0
	err := b.l.db.Tenant(ctx, postgres.NewScope(b.l.tenants[0].author.Tenant, "bench"), func(tx *postgres.Tx) error {
		for ; n < 5000; n++ {
			if err := audit.Record(tx, auditEvent(n)); err != nil {
				return err
			}
		}
		return nil
	})
	b.w.printf("\nrecord, within a transaction: %.0f µs each\n", float64(time.Since(start).Microseconds())/float64(n))
	return err
}

func auditEvent(n int) audit.Event {
	return audit.Event{
		Type: audit.StatementsViewed, Target: audit.Target{Kind: "store", ID: "production", Name: "Production"},
		Details: map[string]any{"query": map[string]any{"activity": fmt.Sprint("course-", n)}, "rows": n % 100},
	}
}

// live records 2,000 events a second for a while and watches whether sealing keeps up.
func (b *auditBench) live(ctx context.Context, _ int) error {
	const rate, seconds, batch, writers = 2000, 20, 20, 4
	s := audit.NewSealer(audit.SealerConfig{Sealer: b.sealer, Signer: b.signer})
	if err := s.Round(ctx); err != nil {
		return err
	}
	before := s.Stats().Sealed
	running, stop := context.WithCancel(ctx)
	defer stop()
	var sealing sync.WaitGroup
	sealing.Go(func() { s.Run(running) })
	var worst audit.SealerStats
	var failure error
	var written atomic.Int64
	var writing sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	for c := range writers {
		writing.Go(func() {
			ticker := time.NewTicker(time.Second * batch * writers / rate)
			defer ticker.Stop()
			for i := 0; time.Since(start) < seconds*time.Second; i++ {
				err := b.l.db.Tenant(ctx, postgres.NewScope(b.l.tenants[c].author.Tenant, "bench"), func(tx *postgres.Tx) error {
					for n := range batch {
						if err := audit.Record(tx, auditEvent(i*batch+n)); err != nil {
							return err
						}
					}
					return nil
				})
				written.Add(batch)
				stats := s.Stats()
				mu.Lock()
				failure = errorOr(failure, err)
				worst.Waiting, worst.Lag = max(worst.Waiting, stats.Waiting), max(worst.Lag, stats.Lag)
				mu.Unlock()
				<-ticker.C
			}
		})
	}
	writing.Wait()
	took := time.Since(start)
	sealed := s.Stats().Sealed - before
	stop()
	sealing.Wait()
	b.w.printf("\nrecorded %.0f/s for %s: %d of %d sealed when it ended; most waiting after a round %d, longest lag %s\n",
		float64(written.Load())/took.Seconds(), took.Round(time.Second), sealed, written.Load(), worst.Waiting, worst.Lag.Round(time.Millisecond))
	return failure
}

// verify follows the chain of the largest tenant.
func (b *auditBench) verify(ctx context.Context, _ int) error {
	tenant := b.l.tenants[0].author.Tenant
	start := time.Now()
	r, err := audit.Verify(ctx, audit.InTenant(b.l.db, postgres.NewScope(tenant, "bench")), tenant, audit.VerifyOptions{Verifier: b.signer})
	if err != nil {
		return err
	}
	took := time.Since(start)
	// Events of two years ago were sealed today, and in their order: nothing is wrong with that.
	b.w.printf("verified %d events in %d seals in %s: %.0f events/s, %d problems\n", r.Events, r.Seals, took.Round(time.Second), float64(r.Events)/took.Seconds(), r.Problems)
	for _, f := range r.Findings[:min(3, len(r.Findings))] {
		b.w.printf("  %s: %s\n", f.Kind, f.Text)
	}
	return nil
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// signer signs as the key ring does.
type signer struct{ key ed25519.PrivateKey }

func newSigner() signer {
	_, key, _ := ed25519.GenerateKey(nil)
	return signer{key}
}

func (s signer) Sign(data []byte) (string, []byte, error) {
	return "bench", ed25519.Sign(s.key, data), nil
}

func (s signer) Verify(_ string, data, sig []byte) error {
	if !ed25519.Verify(s.key.Public().(ed25519.PublicKey), data, sig) {
		return fault.New(fault.Invalid, "the signature is wrong")
	}
	return nil
}
