package dev_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/dev"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// machine is a directory and a database of somebody else's Postgres.
type machine struct {
	t   *testing.T
	dir string
	db  *postgrestest.Database
}

func setup(t *testing.T) *machine {
	t.Helper()
	return &machine{t, filepath.Join(t.TempDir(), ".stoa"), postgrestest.New(t)}
}

func (m *machine) config() dev.Config {
	return dev.Config{Dir: m.dir, DatabaseURL: m.db.Owner, PublicURL: "http://127.0.0.1:8080", Statements: 400}
}

// open opens the environment and closes it, with what it said meanwhile.
func (m *machine) open() (*dev.Environment, []string) {
	m.t.Helper()
	var said []string
	c := m.config()
	c.Progress = func(line string) { said = append(said, line) }
	e, err := dev.Open(m.t.Context(), c)
	require.NoError(m.t, err)
	require.NoError(m.t, e.Close())
	return e, said
}

// rows counts the rows of each table that a demo key's store has.
func (m *machine) rows(key dev.DemoKey) map[string]int {
	m.t.Helper()
	db := m.db.Open(m.t)
	id, _, ok := tenant.ParseUserName(key.User)
	require.True(m.t, ok)
	counts := map[string]int{}
	require.NoError(m.t, db.TenantRead(m.t.Context(), postgres.NewScope(id, "test"), func(tx *postgres.Tx) error {
		store, err := tenant.GetStore(tx, key.Store)
		if err != nil {
			return err
		}
		for _, table := range []string{"statements", "documents", "keys", "activities"} {
			var n int
			if err := tx.QueryRow(tx.Context(), "select count(*) from "+table+" where store_id = $1", store.ID).Scan(&n); err != nil {
				return err
			}
			counts[table] = n
		}
		return nil
	}))
	return counts
}

// opens reports whether a key is let in with the pepper of e.
func (m *machine) opens(e *dev.Environment, key dev.DemoKey) error {
	m.t.Helper()
	peppers, err := tenant.ParsePeppers(e.Variables["STOA_KEY_PEPPER"])
	require.NoError(m.t, err)
	a := authn.New(authn.Config{DB: m.db.Open(m.t), Peppers: peppers})
	defer a.Close()
	_, err = a.Basic(m.t.Context(), key.User, key.Secret, netip.MustParseAddr("127.0.0.1"))
	return err
}

func TestANewMachineGetsDemoTenantsOnce(t *testing.T) {
	t.Parallel()
	m := setup(t)
	first, said := m.open()
	require.Len(t, first.Keys, 4)
	require.Len(t, said, 1+4, "%s", strings.Join(said, "\n")) // and the schema has been migrated
	wanted := []struct {
		name       string
		kind       tenant.Kind
		statements int
		keys       int
	}{
		{"northwind/production", tenant.Production, 400, 2},
		{"northwind/sandbox", tenant.Sandbox, 20, 1},
		{"meridian/production", tenant.Production, 200, 2},
		{"meridian/sandbox", tenant.Sandbox, 20, 1},
	}
	for i, key := range first.Keys {
		require.Equal(t, wanted[i].name, key.Tenant+"/"+key.Store)
		require.Equal(t, wanted[i].kind, key.Kind)
		require.NoError(t, m.opens(first, key))
		rows := m.rows(key)
		require.Equal(t, wanted[i].statements, rows["statements"], key.Store)
		require.Equal(t, wanted[i].keys, rows["keys"])
		require.Positive(t, rows["documents"])
		require.Positive(t, rows["activities"])
	}

	second, said := m.open()
	require.Equal(t, first.Keys, second.Keys)
	require.Equal(t, first.Variables["STOA_KEY_PEPPER"], second.Variables["STOA_KEY_PEPPER"])
	require.Len(t, said, 1, "%s", strings.Join(said, "\n"))
	for i, key := range second.Keys {
		require.Equal(t, wanted[i].statements, m.rows(key)["statements"])
	}
}

func TestAnInterruptedFillIsFinished(t *testing.T) {
	t.Parallel()
	m := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := m.config()
	c.Progress = func(line string) {
		if strings.HasPrefix(line, "Demo data") { // the first store is filled, no other
			cancel()
		}
	}
	_, err := dev.Open(ctx, c)
	require.Error(t, err)

	// As if it had been killed before it could note that the first is filled.
	path := filepath.Join(m.dir, "secrets.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"filled": true`)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), `"filled": true`, `"filled": false`)), 0o600))

	e, _ := m.open()
	rows := m.rows(e.Keys[0])
	require.Equal(t, 400, rows["statements"])
	require.Equal(t, 2, rows["keys"])
	require.Equal(t, 200, m.rows(e.Keys[2])["statements"])
}

func TestColleaguesComeOnce(t *testing.T) {
	t.Parallel()
	m := setup(t)
	c := m.config()
	for _, c.Members = range []int{0, 3, 5, 5} {
		e, err := dev.Open(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, e.Close())
		id, _, _ := tenant.ParseUserName(e.Keys[0].User)
		require.NoError(t, m.db.Open(t).TenantRead(t.Context(), postgres.NewScope(id, "test"), func(tx *postgres.Tx) error {
			members, _, err := tenant.ListMembers(tx, tenant.MemberFilter{Status: tenant.MemberInvited}, tenant.Page{})
			require.Len(t, members, c.Members)
			for _, colleague := range members {
				require.NotEmpty(t, colleague.Name)
				grants, _, err := authz.ListGrants(tx, colleague.ID, authz.Page{})
				require.NoError(t, err)
				require.Equal(t, authz.Analyst, grants[0].Role)
			}
			return err
		}))
	}
}

func TestKeysAreMintedAnewWhenTheOldDoNotWork(t *testing.T) {
	t.Parallel()
	m := setup(t)
	first, _ := m.open()

	db := m.db.Open(t)
	id, _, _ := tenant.ParseUserName(first.Keys[0].User)
	require.NoError(t, db.Tenant(t.Context(), postgres.NewScope(id, "test"), func(tx *postgres.Tx) error {
		_, err := tenant.Revoke(tx, first.Keys[0].User, time.Now())
		return err
	}))
	second, _ := m.open()
	require.NotEqual(t, first.Keys[0], second.Keys[0], "revoked")
	require.Equal(t, first.Keys[1:], second.Keys[1:])
	require.NoError(t, m.opens(second, second.Keys[0]))

	require.NoError(t, os.Remove(filepath.Join(m.dir, "secrets.json")))
	third, _ := m.open()
	for i, key := range third.Keys {
		require.NotEqual(t, second.Keys[i].Secret, key.Secret, "lost")
		require.NoError(t, m.opens(third, key))
	}
	require.Error(t, m.opens(third, second.Keys[0]), "its pepper is gone")
	require.Equal(t, 400, m.rows(third.Keys[0])["statements"])

	// Another database knows nothing of these keys.
	m.db = postgrestest.New(t)
	fourth, _ := m.open()
	for i, key := range fourth.Keys {
		require.NotEqual(t, third.Keys[i].Secret, key.Secret)
		require.NoError(t, m.opens(fourth, key))
	}
	require.Equal(t, 400, m.rows(fourth.Keys[0])["statements"])
}

func TestTheConfigurationIsLeftForOtherCommands(t *testing.T) {
	t.Parallel()
	m := setup(t)
	e, _ := m.open()
	environ, err := config.Environ(nil, filepath.Join(m.dir, "dev.env"))
	require.NoError(t, err)
	require.Len(t, environ, len(e.Variables))
	c, err := config.Load(environ, config.Serve|config.Operator|config.Owner|config.PublicURL)
	require.NoError(t, err)
	require.Equal(t, m.db.App, c.DatabaseURL.Reveal())
	require.Equal(t, m.db.Ingest, c.IngestDatabaseURL.Reveal())
	require.Equal(t, m.db.Operator, c.OperatorDatabaseURL.Reveal())
	require.Equal(t, m.db.Owner, c.OwnerDatabaseURL.Reveal())
	require.Equal(t, "http://127.0.0.1:8080", c.PublicURL)
	require.Equal(t, "file://"+filepath.Join(m.dir, "blobs"), c.BlobURL.Reveal())
	for _, name := range []string{"dev.env", "secrets.json", "lock"} {
		info, err := os.Stat(filepath.Join(m.dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestOneDirectoryHasOneUser(t *testing.T) {
	t.Parallel()
	m := setup(t)
	e, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	_, err = dev.Open(t.Context(), m.config())
	require.ErrorContains(t, err, "runs on "+m.dir+" already")
	require.NoError(t, e.Close())
	require.NoError(t, e.Close(), "closing twice is no error")
	m.open()
}

func TestADatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	m := setup(t)
	c := m.config()
	c.DatabaseURL = "postgres://stoa:secret-word@127.0.0.1:1/stoa"
	_, err := dev.Open(t.Context(), c)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.NotContains(t, err.Error(), "secret-word")
	c.DatabaseURL = "host=127.0.0.1"
	_, err = dev.Open(t.Context(), c)
	require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
	m.open() // nothing holds the directory
}
