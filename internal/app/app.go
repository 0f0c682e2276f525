// Package app puts the service together and runs it: `stoa serve`, `stoa dev`
// and the tests start this one. It owns the order in which parts begin and
// end, and nothing else; it holds no data.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// Config is what a running service needs. Zero fields are the defaults of the
// package that they are for.
type Config struct {
	Database       postgres.Config
	BlobURL        string // see OpenBlobs
	RateLimit      ratelimit.Config
	Peppers        *tenant.Peppers // needed
	PublicURL      string          // where clients reach the service; "" if no proxy changes the path
	PageMax        int             // most statements of a page
	TrustedProxies []netip.Prefix
	CORSOrigins    []string
	Limits         httpapi.Limits
	Server         httpapi.ServerConfig
	Console        Console
	Logger         *slog.Logger // nil: slog.Default
}

// Main is one process of the service. Run it once, then Close it.
type Main struct {
	config Config
	log    *slog.Logger
	server *httpapi.Server

	sealer   func() audit.SealerStats // nil: no console, no sealing
	streamer func() audit.StreamerStats
	anchors  *blob.Bucket // nil: none

	closing sync.Mutex
	closes  []func() error // in the order of opening
}

// New returns a Main that has not begun.
func New(c Config) *Main {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Main{config: c, log: c.Logger}
}

// Run opens everything and begins to serve; it returns when requests are
// answered. After an error nothing is left open.
func (m *Main) Run(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	c := m.config
	basePath, err := pathOf(c.PublicURL)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	m.onClose(func() error { db.Close(); return nil })

	blobs, err := OpenBlobs(ctx, c.BlobURL)
	if err != nil {
		return err
	}
	m.onClose(blobs.Close)

	meter := usage.NewMeter(db, m.log, nil)
	m.onClose(func() error { meter.Close(); return nil })

	record := lrs.New(lrs.Config{DB: db, Blobs: blobs, Meter: meter, Lanes: c.Database.Lanes, PageMax: c.PageMax, Logger: m.log})
	m.onClose(func() error { record.Close(); return nil })

	keys := authn.New(authn.Config{DB: db, Peppers: c.Peppers, Logger: m.log})
	m.onClose(func() error { keys.Close(); return nil })

	if c.RateLimit.Logger == nil {
		c.RateLimit.Logger = m.log
	}
	limiter, err := ratelimit.New(c.RateLimit)
	if err != nil {
		return err
	}
	m.onClose(func() error { limiter.Close(); return nil })

	operator, err := m.openOperator(ctx)
	if err != nil {
		return err
	}
	if operator != nil {
		m.keepHouse(ctx, newHousekeeper(db, operator, record, m.log))
	}
	console, err := m.openConsole(ctx, db, operator)
	if err != nil {
		return err
	}
	uses := audit.NewUses(db, m.log)
	m.onClose(func() error { uses.Close(); return nil })

	moreKeys, moreVersion := c.Peppers.Derive("links to more statements")
	api, err := httpapi.New(httpapi.Config{
		DB: db, LRS: record, Authn: keys, Limiter: limiter, Logger: m.log,
		Metrics:  httpapi.NewMetrics(httpapi.Sources{Ingest: record.Stats, Limiter: limiter, Pool: db.Stats, LostUses: uses.Lost, Sealer: m.sealer, Streamer: m.streamer}),
		MoreKeys: moreKeys, MoreVersion: moreVersion,
		BasePath: basePath, TrustedProxies: c.TrustedProxies, CORSOrigins: c.CORSOrigins, Limits: c.Limits,
		Uses: uses, Meter: meter, Anchors: m.anchors, Console: console,
	})
	if err != nil {
		return err
	}
	m.server, err = api.Serve(c.Server)
	if err != nil {
		return err
	}
	m.onClose(m.server.Shutdown)
	return nil
}

func (m *Main) onClose(fn func() error) { m.closes = append(m.closes, fn) }

// Close answers the requests under way, stores what is queued and closes
// everything. A second Close waits for the first and does nothing.
func (m *Main) Close() error {
	m.closing.Lock()
	defer m.closing.Unlock()
	var errs []error
	for i := len(m.closes) - 1; i >= 0; i-- {
		errs = append(errs, m.closes[i]())
	}
	m.closes = nil
	return errors.Join(errs...)
}

// Failed tells when serving has ended by itself.
func (m *Main) Failed() <-chan error { return m.server.Failed() }

// URL is where the service listens, e.g. "http://localhost:8080".
func (m *Main) URL() string { return m.server.URL() }

// MetricsURL is where the metrics are.
func (m *Main) MetricsURL() string { return m.server.MetricsURL() }

// pathOf returns the path of the public URL: what stands before /xapi.
func pathOf(publicURL string) (string, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(u.EscapedPath(), "/"), nil
}
