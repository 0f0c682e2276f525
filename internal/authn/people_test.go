package authn_test

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

var (
	laptop    = authn.Client{Address: here, Device: "Laptop/1.0"}
	elsewhere = authn.Client{Address: netip.MustParseAddr("2001:db8::1")}
	loopback  = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	publicAt  = "https://stoa.example"
	quiet     = slog.New(slog.DiscardHandler)
)

// people is a tenant whose people sign in with a provider, and its replicas.
type people struct {
	*platform
	idp   *mockIDP
	ring  *keyring.Ring
	redis string // URL
	mini  *miniredis.Miniredis
}

// replica is one process of the service.
type replica struct {
	*people
	policies *authz.Policies
	sessions *authn.Sessions
	throttle *authn.Throttle
	signIn   *authn.SignIn
	tokens   *authn.Tokens
}

func setupPeople(t *testing.T) *people {
	t.Helper()
	p := &people{platform: setup(t, tenant.NewKey{})}
	p.idp = newIDP(t, p.clock)
	p.mini = miniredis.NewMiniRedis()
	require.NoError(t, p.mini.Start())
	t.Cleanup(p.mini.Close)
	p.redis = "redis://" + p.mini.Addr()
	c := keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}
	require.NoError(t, keyring.Create(t.Context(), c, p.clock.Now()))
	var err error
	p.ring, err = keyring.Open(t.Context(), c)
	require.NoError(t, err)
	p.in(func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "admins", authz.TenantAdmin, 0, p.clock.Now())
		return err
	})
	p.configure(p.idp.server.URL, clientSecret)
	return p
}

func (p *people) draft(issuer, plain string) (draft *tenant.Provider) {
	p.t.Helper()
	p.in(func(tx *postgres.Tx) (err error) {
		draft, err = tenant.PutDraft(tx, p.ring, tenant.Draft{
			Issuer: issuer, ClientID: clientID, Secret: secret.New(plain), Domains: []string{"acme.example"},
			Scopes: []string{"openid", "email", "profile", "groups"},
		}, true, 0, p.clock.Now())
		return err
	})
	return draft
}

// configure puts settings in force, as an admin who has tested them does.
func (p *people) configure(issuer, plain string) {
	p.t.Helper()
	draft := p.draft(issuer, plain)
	p.in(func(tx *postgres.Tx) error {
		if _, err := tenant.RecordTest(tx, draft.Version, tenant.TestResult{OK: true, Identity: tenant.Identity{
			Issuer: issuer, Subject: "ada", Email: "ada@acme.example", EmailVerified: true, Groups: []string{"admins"},
		}}, p.clock.Now()); err != nil {
			return err
		}
		_, err := tenant.Activate(tx, draft.Version, p.clock.Now())
		return err
	})
}

func (p *people) replica(change ...func(*authn.SignInConfig)) *replica {
	p.t.Helper()
	store, err := authn.OpenRedis(p.redis)
	require.NoError(p.t, err)
	p.t.Cleanup(store.Close)
	r := &replica{people: p}
	r.policies = authz.NewPolicies(authz.Config{DB: p.db, Clock: p.clock.Now, Logger: quiet})
	p.t.Cleanup(r.policies.Close)
	r.sessions = authn.NewSessions(authn.SessionConfig{
		DB: p.db, Redis: store, Policies: r.policies, Keyring: p.ring, Clock: p.clock.Now, Logger: quiet,
	})
	r.throttle = authn.NewThrottle(store, p.clock.Now)
	c := authn.SignInConfig{
		DB: p.db, Operator: p.op, Peppers: p.peppers, Redis: store, Sessions: r.sessions, Throttle: r.throttle,
		PublicURL: publicAt, Private: loopback, Clock: p.clock.Now, Logger: quiet,
	}
	for _, fn := range change {
		fn(&c)
	}
	r.signIn = authn.NewSignIn(c)
	r.tokens = authn.NewTokens(authn.TokenConfig{DB: p.db, Peppers: p.peppers, Clock: p.clock.Now, FlushEvery: time.Hour, Logger: quiet})
	p.t.Cleanup(r.tokens.Close)
	return r
}

// attempt signs in from the beginning to the callback.
func (r *replica) attempt(session string) (*authn.Outcome, error) {
	r.t.Helper()
	begun, err := r.signIn.Begin(r.t.Context(), authn.BeginRequest{Tenant: "acme", ReturnTo: "/statements?page=2", From: laptop})
	if err != nil {
		return nil, err
	}
	return r.signIn.Callback(r.t.Context(), authn.CallbackRequest{Params: r.idp.visit(begun.URL), Login: begun.Login, Session: session, From: laptop})
}

// signedIn is attempt that must work.
func (r *replica) signedIn(session string) (cookie string) {
	r.t.Helper()
	o, err := r.attempt(session)
	require.NoError(r.t, err)
	require.NotEmpty(r.t, o.Session)
	return o.Session
}

// begin is a sign-in as far as the provider, and the way back.
func (r *replica) begin() (back url.Values, login string) {
	r.t.Helper()
	begun, err := r.signIn.Begin(r.t.Context(), authn.BeginRequest{Tenant: "acme", From: laptop})
	require.NoError(r.t, err)
	return r.idp.visit(begun.URL), begun.Login
}

// event is one line of the audit log.
type event struct{ Type, Actor, Outcome, Session, Details string }

func (p *people) events(types ...audit.Type) (found []event) {
	p.t.Helper()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	p.in(func(tx *postgres.Tx) error {
		found = nil
		rows, err := tx.Query(tx.Context(), `select action, actor_id, outcome, session, details from audit_events
			where tenant_id = $1 and action = any ($2) order by at, id`, tx.TenantID(), names)
		if err != nil {
			return err
		}
		for rows.Next() {
			var e event
			if err := rows.Scan(&e.Type, &e.Actor, &e.Outcome, &e.Session, &e.Details); err != nil {
				return err
			}
			found = append(found, e)
		}
		return rows.Err()
	})
	return found
}

// redisServers runs test against the in-process Redis of `stoa dev` and against
// a real one where redis-server is on the PATH (as it is in CI). Both keep their
// data over a stop.
func redisServers(t *testing.T, test func(t *testing.T, server keptRedis)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		m := miniredis.NewMiniRedis()
		require.NoError(t, m.Start())
		t.Cleanup(m.Close)
		test(t, keptRedis{
			url: "redis://" + m.Addr(), stop: m.Close, lose: m.FlushAll,
			start: func() {
				require.Eventually(t, func() bool { return m.Restart() == nil }, 10*time.Second, 5*time.Millisecond)
			},
		})
	})
	if _, err := exec.LookPath("redis-server"); err == nil {
		t.Run("redis", func(t *testing.T) {
			t.Parallel()
			r := newRedis(t)
			r.start()
			test(t, keptRedis{url: r.url(), stop: r.stop, lose: r.lose, start: r.start})
		})
	}
}

// keptRedis is a running Redis that can be stopped, and started again with the
// data that it had; what is stopped can lose it.
type keptRedis struct {
	url               string
	stop, lose, start func()
}

// realRedis is a redis-server that keeps its data in a directory.
type realRedis struct {
	t   *testing.T
	dir string
	cmd *exec.Cmd
}

func newRedis(t *testing.T) *realRedis {
	t.Helper()
	r := &realRedis{t: t, dir: t.TempDir()}
	t.Cleanup(r.stop)
	return r
}

func (r *realRedis) url() string { return "unix://" + filepath.Join(r.dir, "redis.sock") }

func (r *realRedis) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", "--port", "0", "--unixsocket", filepath.Join(r.dir, "redis.sock"), "--dir", r.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	require.NoError(r.t, r.cmd.Start())
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(r.dir, "redis.sock")})
	defer func() { _ = c.Close() }()
	require.Eventually(r.t, func() bool { return c.Ping(context.Background()).Err() == nil }, 20*time.Second, 5*time.Millisecond)
}

func (r *realRedis) stop() {
	if r.cmd != nil {
		_ = r.cmd.Process.Signal(syscall.SIGKILL)
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

func (r *realRedis) lose() {
	r.t.Helper()
	logs, err := filepath.Glob(filepath.Join(r.dir, "appendonlydir", "*"))
	require.NoError(r.t, err)
	require.NotEmpty(r.t, logs)
	for _, log := range logs {
		require.NoError(r.t, os.Remove(log))
	}
}
