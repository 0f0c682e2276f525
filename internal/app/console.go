package app

import (
	"context"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/migrations"
)

// Console is what the console needs: people, their sign-in, and the audit log.
// Without a key ring there is none; events are recorded, and not sealed.
type Console struct {
	Keyring         keyring.Config
	OperatorURL     secret.Text // as postgres.OperatorRole
	AuditURL        secret.Text // as postgres.AuditRole
	RedisURL        secret.Text
	AnchorURL       secret.Text    // see OpenBlobs; "": seals stay in the database
	PrivateNetworks []netip.Prefix // where providers and webhooks may be though they are not public
	ViewingCap      int            // statements that a person may look at in an hour
	SessionIdle     time.Duration
	SessionLife     time.Duration
}

// openOperator opens the handle on the platform; nil: there is none, which only
// the housekeeper misses where there is no console.
func (m *Main) openOperator(ctx context.Context) (*postgres.Operator, error) {
	c := m.config.Console
	operator, err := postgres.OpenOperator(ctx, c.OperatorURL.Reveal())
	switch {
	case err == nil:
		m.onClose(func() error { operator.Close(); return nil })
	case c.Keyring.File == "":
		m.log.Warn("the operator's role cannot be used: nobody keeps house", "error", err)
		err = nil
	}
	return operator, err
}

// keepHouse begins to keep house, until Close.
func (m *Main) keepHouse(ctx context.Context, h *housekeeper) {
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var kept sync.WaitGroup
	kept.Go(func() { h.run(keeping) })
	m.onClose(func() error { stop(); kept.Wait(); return nil })
}

// openConsole opens what the console is made of and begins to seal the log.
func (m *Main) openConsole(ctx context.Context, db *postgres.DB, operator *postgres.Operator) (httpapi.Console, error) {
	c := m.config.Console
	if c.Keyring.File == "" {
		m.log.Warn("there is no key ring: no console, and the audit log is not sealed")
		return httpapi.Console{}, nil
	}
	ring, err := keyring.Open(ctx, c.Keyring)
	if err != nil {
		return httpapi.Console{}, err
	}
	platform, err := tenant.Platform(ctx, operator)
	if err != nil {
		return httpapi.Console{}, err
	}
	redis, err := authn.OpenRedis(c.RedisURL.Reveal())
	if err != nil {
		return httpapi.Console{}, err
	}
	m.onClose(func() error { redis.Close(); return nil })
	policies := authz.NewPolicies(authz.Config{DB: db, Redis: redis.Client(), Platform: platform.ID, Logger: m.log})
	m.onClose(func() error { policies.Close(); return nil })
	sessions := authn.NewSessions(authn.SessionConfig{
		DB: db, Redis: redis, Policies: policies, Keyring: ring, Logger: m.log, Idle: c.SessionIdle, Absolute: c.SessionLife,
	})
	tokens := authn.NewTokens(authn.TokenConfig{DB: db, Peppers: m.config.Peppers, Logger: m.log})
	m.onClose(func() error { tokens.Close(); return nil })
	signIn := authn.NewSignIn(authn.SignInConfig{
		DB: db, Operator: operator, Peppers: m.config.Peppers, Redis: redis, Sessions: sessions,
		Throttle: authn.NewThrottle(redis, nil), PublicURL: m.config.PublicURL, Private: c.PrivateNetworks, Logger: m.log,
	})
	if err := m.openLog(ctx, db, ring); err != nil {
		return httpapi.Console{}, err
	}
	schema, err := postgres.LastMigration(migrations.FS)
	if err != nil {
		return httpapi.Console{}, err
	}
	return httpapi.Console{
		Schema: schema, Policies: policies, Sessions: sessions, SignIn: signIn, Tokens: tokens, Operator: operator, Peppers: m.config.Peppers,
		Keyring: ring, PublicURL: m.config.PublicURL, ViewingCap: c.ViewingCap, Version: version(),
		Insecure: slices.ContainsFunc(c.PrivateNetworks, func(n netip.Prefix) bool { return n.Addr().IsLoopback() }),
	}, nil
}

// openLog begins to seal the audit log and to stream it, until Close.
func (m *Main) openLog(ctx context.Context, db *postgres.DB, ring *keyring.Ring) error {
	c := m.config.Console
	role, err := postgres.OpenSealer(ctx, c.AuditURL.Reveal())
	if err != nil {
		return err
	}
	m.onClose(func() error { role.Close(); return nil })
	seal := audit.SealerConfig{Sealer: role, DB: db, Signer: ring, Logger: m.log}
	if !c.AnchorURL.IsZero() {
		if seal.Anchors, err = OpenBlobs(ctx, c.AnchorURL.Reveal()); err != nil {
			return err
		}
		m.onClose(seal.Anchors.Close)
		m.anchors = seal.Anchors
	}
	sealer := audit.NewSealer(seal)
	streamer := audit.NewStreamer(audit.StreamerConfig{
		Sealer: role, Cipher: ring, Logger: m.log, Private: c.PrivateNetworks,
	})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	m.sealer, m.streamer = sealer.Stats, streamer.Stats
	all.Go(func() { sealer.Run(running) })
	all.Go(func() { streamer.Run(running) })
	m.onClose(func() error { stop(); all.Wait(); return nil })
	return nil
}

// version is that of the program, as it was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
