package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

const pepper = "1:aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjI="

// terminal is a shell over a database of its own.
type terminal struct {
	t    *testing.T
	urls *postgrestest.Database
	sh   *shell
}

func open(t *testing.T) *terminal {
	t.Helper()
	urls := postgrestest.New(t)
	return &terminal{t, urls, &shell{
		environ: []string{
			"STOA_OWNER_DATABASE_URL=" + urls.Owner, "STOA_DATABASE_URL=" + urls.App,
			"STOA_KEY_PEPPER=" + pepper, "STOA_PUBLIC_URL=https://lrs.example.com",
			"STOA_BLOB_URL=file://" + filepath.ToSlash(t.TempDir()),
		},
		devFile: filepath.Join(t.TempDir(), "dev.env"),
		logins:  filepath.Join(t.TempDir(), "stoa", "logins.json"),
		now:     time.Now,
	}}
}

// run returns what the command line printed.
func (x *terminal) run(line string) (string, error) {
	x.t.Helper()
	var out bytes.Buffer
	root := newRoot(x.sh)
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(strings.Fields(line))
	err := root.ExecuteContext(x.t.Context())
	return out.String(), err
}

func (x *terminal) table(line string) string {
	x.t.Helper()
	out, err := x.run(line)
	require.NoError(x.t, err, line)
	return out
}

func (x *terminal) json(line string, into any) {
	x.t.Helper()
	out := x.table(line + " --output json")
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	require.NoError(x.t, d.Decode(into), out)
	require.False(x.t, d.More(), "one document")
}

func TestEverythingFromTheShell(t *testing.T) {
	t.Parallel()
	x := open(t)
	var acme apiv1.Tenant
	x.json("tenant create acme --name Acme", &acme)
	require.Equal(t, "Acme", acme.Name)
	x.json("tenant limits acme --requests 100", &acme)
	x.json("tenant limits acme --statements 1000", &acme)
	require.Equal(t, apiv1.TenantLimits{RequestsPerMinute: 100, StatementsPerMinute: 1000}, acme.Limits, "what is not given stays")
	x.json("tenant suspend acme", &acme)
	require.Equal(t, apiv1.TenantStatusSuspended, acme.Status)
	x.json("tenant resume acme", &acme)
	x.json("tenant show acme", &acme)
	require.Equal(t, apiv1.TenantStatusActive, acme.Status)

	var store apiv1.Store
	x.json("store create acme main", &store)
	require.Equal(t, apiv1.StoreKindProduction, store.Kind)
	x.json("store create acme trial --kind sandbox --name Trial", &store)

	var issued apiv1.IssuedKey
	x.json("key create acme main --name Player --scope state,define --scope statements/write --allow 192.0.2.0/24 --expires 90d", &issued)
	key := issued.Key
	require.Equal(t, []apiv1.Scope{"statements/write", "state", "define"}, key.Scopes)
	require.Equal(t, []string{"192.0.2.0/24"}, key.Networks)
	require.WithinDuration(t, time.Now().Add(90*24*time.Hour), *key.ExpiresAt, time.Minute)
	require.Equal(t, map[string]any{
		"objectType": "Agent", "name": "Player", "account": map[string]any{"homePage": "https://lrs.example.com", "name": key.User},
	}, key.Authority)

	peppers, err := tenant.ParsePeppers(pepper)
	require.NoError(t, err)
	keys := authn.New(authn.Config{DB: x.urls.Open(t), Peppers: peppers})
	defer keys.Close()
	at := netip.MustParseAddr("192.0.2.1")
	p, err := keys.Basic(t.Context(), key.User, issued.Secret, at)
	require.NoError(t, err)
	require.Equal(t, tenant.Limits{Requests: 100, Statements: 1000}, p.Limits)

	var rotated apiv1.IssuedKey
	x.json("key rotate "+key.User+" --grace 7d", &rotated)
	require.NotEqual(t, issued.Secret, rotated.Secret)
	require.Len(t, rotated.Key.Secrets, 2)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), *rotated.Key.Secrets[1].ExpiresAt, time.Minute)
	for _, secret := range []string{issued.Secret, rotated.Secret} {
		_, err = authn.New(authn.Config{DB: x.urls.Open(t), Peppers: peppers}).Basic(t.Context(), key.User, secret, at)
		require.NoError(t, err)
	}
	var revoked apiv1.Key
	x.json("key revoke "+key.User, &revoked)
	require.Equal(t, apiv1.KeyStatusRevoked, revoked.Status)
	_, err = authn.New(authn.Config{DB: x.urls.Open(t), Peppers: peppers}).Basic(t.Context(), key.User, rotated.Secret, at)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))

	var list apiv1.KeyPage
	x.json("key list acme --store main", &list)
	require.Len(t, list.Items, 1)
	require.Equal(t, revoked, list.Items[0], "what was answered is what is stored")
	x.json("key list acme --store trial", &list)
	require.Empty(t, list.Items)

	for _, secret := range []string{issued.Secret, rotated.Secret} {
		require.NotContains(t, x.table("key list acme")+x.table("key show "+key.User), secret)
	}
}

func TestTablesAreForPeople(t *testing.T) {
	t.Parallel()
	x := open(t)
	require.Regexp(t, `(?m)^TENANT +NAME +STATUS .*\nacme +acme +active +default +default +\d{4}-`, x.table("tenant create acme"))
	x.table("tenant create globex")
	out := x.table("tenant list --limit 1")
	require.Contains(t, out, "there is more: --after acme")
	require.NotContains(t, out, "globex")
	require.Contains(t, x.table("tenant list --after acme"), "globex")
	require.Regexp(t, `(?m)^trial +trial +sandbox `, x.table("store create acme trial --kind sandbox"))
	require.Regexp(t, `(?m)^trial +trial +sandbox `, x.table("store list acme"))
	created := x.table("key create acme trial")
	require.Regexp(t, `(?m)^user +\S+\nsecret +stoa_[0-9a-z]{52}\n +\(shown this once\)\nscopes +statements/write statements/read/mine\nexpires +-$`, created)
	user := strings.Fields(created)[1]
	require.Regexp(t, `(?m)^older secret +of \S+Z ends \S+Z, last used -$`, x.table("key rotate "+user+" --grace 1h"))
	require.Regexp(t, `(?m)^`+user+` +key +active +statements/write,statements/read/mine +2 +- +-$`, x.table("key list acme"))
	require.Regexp(t, `(?m)^SECRET OF +LAST USED +ENDS\n\S+Z +- +-\n\S+Z +- +\S+Z$`, x.table("key show "+user))
	require.Contains(t, x.table("migrate up"), "up to date")
	require.Regexp(t, `(?m)^1 +00001_tenants.sql +true$`, x.table("migrate status"))
}

func TestOnlyASandboxIsEmptiedAndOnlyReally(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	x.table("store create acme main")
	x.table("store create acme trial --kind sandbox")
	for line, want := range map[string]fault.Kind{
		"store empty acme trial":                      fault.Invalid,
		"store empty acme trial --yes-really main":    fault.Invalid,
		"store empty acme main --yes-really main":     fault.Forbidden,
		"store empty acme other --yes-really other":   fault.NotFound,
		"store empty globex trial --yes-really trial": fault.NotFound,
	} {
		_, err := x.run(line)
		require.Equal(t, want, fault.KindOf(err), "%s: %v", line, err)
	}
	require.Contains(t, x.table("store empty acme trial --yes-really trial"), "deleted 0 statements")
}

func TestWhatIsAskedWronglyIsExplained(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	x.table("store create acme main")
	for line, want := range map[string]string{
		"tenant create Acme":                        "1 to 63 characters",
		"tenant create acme":                        "already",
		"tenant show nobody":                        `no tenant "nobody"`,
		"tenant list -o yaml":                       "table or json",
		"tenant limits acme --requests -1":          "between 1 and",
		"store create acme x --kind test":           "production or sandbox",
		"store create nobody x":                     `no tenant "nobody"`,
		"key create acme nowhere":                   `no store "nowhere"`,
		"key create acme main --scope write":        "statements/write",
		"key create acme main --allow here":         "192.0.2.7",
		"key create acme main --expires soon":       "90d",
		"key create acme main --expires 2001-01-01": "over",
		"key rotate 1-00000001 --grace 31d":         "30 days",
		"key rotate 1-00000001 --grace -1h":         "12h",
		"key rotate 1-00000001":                     "no key",
		"key revoke 99-00000001":                    "no key",
		"key revoke nonsense":                       "3-h4k2m9q0",
		"key list acme --after 1-00000001":          "no key",
	} {
		_, err := x.run(line)
		require.ErrorContains(t, err, want, line)
		require.NotEqual(t, 1, exitCode(err), "%s: a defect, not a mistake", line)
	}
	for _, line := range []string{"tenant create", "store list", "key revoke", "nonsense", "tenant list --nonsense"} {
		_, err := x.run(line)
		require.Error(t, err, line)
	}
}

func TestMissingConfigurationIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	x := &terminal{t: t, sh: &shell{devFile: filepath.Join(t.TempDir(), "dev.env"), now: time.Now}}
	_, err := x.run("key create acme main")
	for _, name := range []string{"STOA_DATABASE_URL", "STOA_OPERATOR_DATABASE_URL", "STOA_KEY_PEPPER", "STOA_PUBLIC_URL"} {
		require.ErrorContains(t, err, name)
	}
	require.Equal(t, 2, exitCode(err))
	_, err = x.run("migrate up")
	require.ErrorContains(t, err, "STOA_OWNER_DATABASE_URL")
}

func TestTheDevDatabaseIsFoundWithoutBeingNamed(t *testing.T) {
	t.Parallel()
	x := open(t)
	variables := map[string]string{}
	for _, pair := range x.sh.environ {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	require.NoError(t, config.WriteFile(x.sh.devFile, variables))
	x.sh.environ = nil
	require.Contains(t, x.table("tenant create acme"), "acme")
	require.NoError(t, os.Remove(x.sh.devFile))
	_, err := x.run("tenant list")
	require.Equal(t, 2, exitCode(err))
}

func TestExitCodesTellWhatToDo(t *testing.T) {
	t.Parallel()
	for kind, code := range map[fault.Kind]int{
		fault.Internal: 1, fault.Invalid: 2, fault.TooLarge: 2, fault.NotFound: 3, fault.Conflict: 4, fault.Forbidden: 4, fault.Unauthenticated: 4,
		fault.PreconditionFailed: 4, fault.Unavailable: 75, fault.RateLimited: 75,
	} {
		require.Equal(t, code, exitCode(fault.New(kind, "x")))
	}
	require.Equal(t, "x (y)", text(fault.Wrap(fault.Invalid, errors.New("y"), "x")))
	require.Equal(t, "x", text(fault.New(fault.Invalid, "x")))
}
