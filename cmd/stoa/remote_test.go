package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// campus is a server, and the shell that is on its spot.
type campus struct {
	*terminal
	url string
}

// openCampus serves the console on a database of its own.
func openCampus(t *testing.T) *campus {
	t.Helper()
	x := open(t)
	x.sh.environ = append(x.sh.environ, "STOA_LISTEN=127.0.0.1:0", "STOA_REDIS_URL=redis://"+miniredis.RunT(t).Addr(),
		"STOA_KEYRING="+filepath.Join(t.TempDir(), "keyring.json"))
	x.table("keyring create")
	server := *x.sh
	at, stop, ended := (&terminal{t, x.urls, &server}).serving()
	require.NotEmpty(t, at)
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return &campus{x, at}
}

// join makes a member of a tenant that is active, and returns the id.
func (c *campus) join(of, email string, roles ...string) (id string) {
	c.t.Helper()
	var m apiv1.Member
	c.json("member invite "+of+" "+email, &m)
	for _, role := range roles {
		c.table("grant give " + of + " " + email + " " + role)
	}
	in, err := tenant.Get(c.t.Context(), c.urls.OpenOperator(c.t), of)
	require.NoError(c.t, err)
	require.NoError(c.t, c.urls.Open(c.t).Tenant(c.t.Context(), in.Scope("test"), func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `update members set status = 'active', invited_until = null where tenant_id = $1 and email = $2`, in.ID, email)
		return err
	}))
	return m.ID
}

// afar is a shell elsewhere, with a token of somebody who holds the role.
func (c *campus) afar(of, role string) *terminal {
	c.t.Helper()
	email := role + "@" + of + ".example"
	c.join(of, email, role)
	return c.as(c.token(of, email, role))
}

func (c *campus) token(of, email, role string) string {
	c.t.Helper()
	var r apiv1.Role
	c.json("role show "+of+" "+role, &r)
	var made apiv1.IssuedToken
	c.json("token create "+of+" --member "+email+" --action "+strings.Join(r.Actions, ","), &made)
	return made.Secret
}

// as is a shell elsewhere that shows the server a token.
func (c *campus) as(token string) *terminal {
	return &terminal{c.t, nil, &shell{
		environ: []string{"STOA_SERVER=" + c.url, "STOA_TOKEN=" + token}, now: time.Now,
		devFile: filepath.Join(c.t.TempDir(), "dev.env"), logins: filepath.Join(c.t.TempDir(), "stoa", "logins.json"),
	}}
}

// What differs between two tenants of whom the same was asked.
var differs = strings.NewReplacer("bolt", "acme")

var varying = []struct {
	what *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`(shell|member):[a-z0-9]+`), "WHO"},
	{regexp.MustCompile(`stoa_[a-z0-9_-]+`), "SECRET"},
	{regexp.MustCompile(`\b[1-9a-z][0-9a-z]*-[0-9a-hjkmnp-tv-z]{8}\b`), "KEY"},
	{regexp.MustCompile(`"id": "[0-9a-z]{8}"`), `"id": "ID"`},
	{regexp.MustCompile(`(?m)^[0-9a-hjkmnp-tv-z]{8} `), "ID "},
	{regexp.MustCompile(` +`), " "},
}

func normal(out string) string {
	out = differs.Replace(out)
	for _, v := range varying {
		out = v.what.ReplaceAllString(out, v.is)
	}
	return out
}

// pair asks the same on the spot about acme, and from afar about bolt.
type pair struct {
	t          *testing.T
	spot, afar *terminal
	spotted    *strings.Replacer // what stands for the key and so on
	afarred    *strings.Replacer
}

func (p *pair) same(line string) (spot, afar string) {
	p.t.Helper()
	spot = p.spot.table(p.spotted.Replace(line))
	afar = p.afar.table(p.afarred.Replace(line))
	require.Equal(p.t, normal(spot), normal(afar), line)
	return spot, afar
}

func TestTheSameOnTheSpotAndFromAfar(t *testing.T) {
	t.Parallel()
	c := openCampus(t)
	operator := c.afar("platform", "operator")
	p := &pair{t, c.terminal, operator, strings.NewReplacer("$T", "acme"), strings.NewReplacer("$T", "bolt")}
	for _, line := range []string{
		"tenant create $T --name Learning", "tenant limits $T --requests 100", "tenant limits $T --statements 1000 -o json",
		"tenant suspend $T -o json", "tenant resume $T", "tenant show $T", "tenant show $T -o json",
	} {
		p.same(line)
	}
	for _, line := range []string{"tenant list", "tenant list -o json", "tenant list --limit 1", "tenant list --after acme", "role list platform -o json"} {
		require.Equal(t, c.table(line), operator.table(line), line)
	}

	admin := c.afar("bolt", "tenant-admin")
	c.join("acme", "tenant-admin@acme.example", "tenant-admin")
	p.afar = admin
	p.same("store create $T main --name Main")
	p.same("store create $T trial --kind sandbox -o json")
	p.same("store empty $T trial --yes-really trial")
	p.same("store empty $T trial --yes-really trial -o json")
	spot, afar := p.same("key create $T main --name Player --scope state,statements/write --allow 192.0.2.0/24 --expires 90d")
	require.Regexp(t, `secret +stoa_`, spot)
	p.spotted = strings.NewReplacer("$T", "acme", "$K", strings.Fields(spot)[1])
	p.afarred = strings.NewReplacer("$T", "bolt", "$K", strings.Fields(afar)[1])
	p.same("key create $T trial -o json")
	p.same("key rotate $K --grace 7d")
	p.same("key rotate $K --grace 90m -o json")
	p.same("key show $K")
	p.same("member invite $T Grace@example.com --name Grace --role analyst --store main")
	p.same("member invite $T alan@example.com --open 3d -o json")
	p.same("member disable $T grace@example.com")
	p.same("member enable $T grace@example.com -o json")
	p.same("grant give $T grace@example.com analyst --expires 30d")
	p.same("grant give $T alan@example.com auditor -o json")
	p.same("role create $T reader --name Reader --action tenant.view,reports.view")
	p.same("role change $T reader --description Reports -o json")
	p.same("sso set $T --issuer https://login.example.com --client-id stoa --domain example.com --default-role reader --secret-file " + writeSecret(t))
	p.same("sso set $T --issuer https://login.example.com --client-id stoa --domain $T.example -o json")

	// One and the same tenant, asked by two ways: the same to the letter.
	for _, line := range []string{
		"store list bolt", "store list bolt --limit 1", "store list bolt --after main", "key list bolt", "key list bolt --store trial", "key list bolt --limit 1",
		"key show $K", "member list bolt", "member list bolt --prefix GR --status invited", "member list bolt --status active",
		"member list bolt --limit 1", "member list bolt --limit 5000", "member show bolt grace@example.com", "grant list bolt grace@example.com",
		"role list bolt", "role list bolt --limit 2", "role show bolt reader", "role show bolt analyst", "sso show bolt",
	} {
		line = p.afarred.Replace(line)
		require.Equal(t, c.table(line), admin.table(line), line)
		require.Equal(t, c.table(line+" -o json"), admin.table(line+" -o json"), line)
	}

	var grants struct{ Items []apiv1.Grant }
	for who, of := range map[*terminal]string{c.terminal: "acme", admin: "bolt"} {
		who.json("grant list "+of+" alan@example.com", &grants)
		require.Len(t, grants.Items, 1)
		require.Empty(t, who.table("grant take "+of+" alan@example.com "+grants.Items[0].ID))
	}
	p.same("grant list $T alan@example.com -o json")
	p.same("member remove $T alan@example.com")
	p.same("key revoke $K")
	p.same("key revoke $K -o json")
	p.same("sso set $T --issuer https://login.example.com --client-id stoa")
	p.same("role delete $T reader")

	for _, line := range []string{
		"tenant create Acme", "store create $T main", "store create $T x --kind test", "store empty $T main --yes-really main", "store empty $T trial --yes-really main",
		"store list nobody", "store create nobody x", "key create $T nowhere", "key create $T main --scope write", "key create $T main --allow here",
		"key create $T main --expires 2001-01-01", "key rotate $K", "key rotate $K --grace 31d", "key show 1-00000001", "key show nonsense", "key list $T --after nonsense",
		"member invite $T nobody", "member invite $T grace@example.com", "member invite $T a@b.example --open 36h", "member show $T nobody@example.com",
		"member disable $T 00000001", "member remove $T tenant-admin@$T.example", "grant give $T grace@example.com nothing", "grant give $T grace@example.com analyst --store nowhere",
		"grant take $T grace@example.com 7", "grant take $T grace@example.com 00000001", "role show $T nothing", "role change $T analyst --name x",
		"role create $T analyst --action tenant.view", "role create $T x --action learn.everything", "role delete $T nothing", "member list $T --status gone",
		"sso set $T --issuer https://other.example.com --client-id stoa", "sso set $T --issuer http://login.example.com --client-id stoa",
		"token list $T -o yaml", "token revoke $T 7 --member grace@example.com",
	} {
		who := admin
		if strings.HasPrefix(line, "tenant") {
			who = operator
		}
		_, here := c.run(p.spotted.Replace(line))
		_, there := who.run(p.afarred.Replace(line))
		require.Error(t, here, line)
		require.Error(t, there, line)
		require.Equal(t, exitCode(here), exitCode(there), "%s: %v, %v", line, here, there)
		require.NotEqual(t, 1, exitCode(there), "%s: a defect, not a mistake: %v", line, there)
	}
}

// writeSecret returns a file with a secret.
func writeSecret(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("hunter2\n"), 0o600))
	return file
}

func TestAServerRefuses(t *testing.T) {
	t.Parallel()
	c := openCampus(t)
	c.table("tenant create acme")
	c.table("tenant create globex")
	c.table("store create acme main")
	c.table("store create globex main")
	var theirs apiv1.IssuedKey
	c.json("key create globex main", &theirs)
	admin, analyst := c.afar("acme", "tenant-admin"), c.afar("acme", "analyst")
	require.Contains(t, analyst.table("store list acme"), "main")

	refused := func(x *terminal, line string, code int, says string) {
		t.Helper()
		_, err := x.run(line)
		require.Error(t, err, line)
		require.Equal(t, code, exitCode(err), "%s: %v", line, err)
		require.Contains(t, text(err), says, line)
	}
	refused(c.as("stoa_pat_1-00000001_wrong"), "store list acme", 4, "stoa login")
	refused(c.as(theirs.Secret), "store list acme", 4, "stoa login")
	refused(analyst, "store create acme other", 4, "stores.manage (request ")
	refused(analyst, "tenant list", 4, "operators")
	refused(analyst, "store list globex", 3, "no such organisation (request ")
	refused(analyst, "store list nobody", 3, "no such organisation (request ")
	refused(admin, "key show "+theirs.Key.User, 3, "no key")
	refused(analyst, "token list acme", 4, c.url+"/admin/t/acme/account")
	refused(analyst, "token create acme --action stores.view", 4, "browser")
	refused(analyst, "token list acme --member a@b.example", 2, "--member")
	refused(analyst, "sso set acme --issuer https://a.example --client-id b --insecure-loopback", 2, "--insecure-loopback")

	expired := *c.terminal
	past := *c.sh
	past.now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
	expired.sh = &past
	var made apiv1.IssuedToken
	expired.json("token create acme --member analyst@acme.example --action stores.view --expires 1d", &made)
	refused(c.as(made.Secret), "store list acme", 4, "stoa login")

	var tokens apiv1.TokenPage
	c.json("token list acme --member analyst@acme.example", &tokens)
	require.Len(t, tokens.Items, 2)
	for _, token := range tokens.Items {
		c.table("token revoke acme " + token.ID + " --member analyst@acme.example")
	}
	require.Eventually(t, func() bool {
		_, err := analyst.run("store list acme")
		return fault.Is(err, fault.Unauthenticated)
	}, patience, 10*time.Millisecond)
	_, err := c.run("token create acme --member analyst@acme.example --action stores.manage")
	require.Equal(t, fault.Forbidden, fault.KindOf(err), "more than the member may: %v", err)
	_, err = c.run("token list acme")
	require.ErrorContains(t, err, "--member")
}

func modeOf(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().String()
}

func TestALoginIsKept(t *testing.T) {
	t.Parallel()
	c := openCampus(t)
	c.table("tenant create acme")
	c.table("store create acme main")
	email := "integrator@acme.example"
	c.join("acme", email, "integrator")
	token := c.token("acme", email, "integrator")
	x := c.as("")
	x.sh.environ = nil

	in := func(line, typed string) (string, error) {
		var out strings.Builder
		root := newRoot(x.sh)
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetIn(strings.NewReader(typed))
		root.SetArgs(strings.Fields(line))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	for _, typed := range []string{"", "\n", "stoa_pat_1-00000001_wrong\n", "two words\n"} {
		_, err := in("login --server "+c.url, typed)
		require.Contains(t, []int{2, 4}, exitCode(err), "%q: %v", typed, err)
	}
	require.NoFileExists(t, x.sh.logins)
	out, err := in("login --server "+strings.ToUpper(c.url[:4])+c.url[4:]+"/", token+"\r\n")
	require.NoError(t, err)
	require.Equal(t, "logged in to "+c.url+" as "+email+" of acme\n", out)
	require.Equal(t, "-rw-------", modeOf(t, x.sh.logins))
	require.Equal(t, "drwx------", modeOf(t, filepath.Dir(x.sh.logins)))

	require.Contains(t, x.table("store list acme"), "main", "the server of the last login")
	require.Contains(t, x.table("store list acme --server "+c.url), "main")
	out, err = x.run("store list acme --server https://other.example.com")
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "%s %v", out, err)
	_, err = x.run("store list acme --server=")
	require.ErrorContains(t, err, "STOA_DATABASE_URL", "the database, although there is a login")
	here := *c.sh
	here.logins = x.sh.logins
	require.Contains(t, (&terminal{t, c.urls, &here}).table("tenant list"), "acme", "a database that is configured comes first")

	require.NoError(t, os.Chmod(x.sh.logins, 0o644))
	_, err = x.run("store list acme")
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.Chmod(x.sh.logins, 0o600))
	require.Equal(t, "logged out of "+c.url+"\n", x.table("logout"))
	_, err = x.run("logout --server " + c.url)
	require.Equal(t, 3, exitCode(err))
	_, err = x.run("logout")
	require.Equal(t, 2, exitCode(err))
	x.sh.environ = []string{"STOA_TOKEN=" + token, "STOA_SERVER=" + c.url}
	require.Contains(t, x.table("login"), email)
}

func TestWhichServerIsMeant(t *testing.T) {
	t.Parallel()
	x := &terminal{t: t, sh: &shell{devFile: filepath.Join(t.TempDir(), "dev.env"), logins: filepath.Join(t.TempDir(), "logins.json"), now: time.Now}}
	for _, server := range []string{"http://lrs.example.com", "lrs.example.com", "ftp://lrs.example.com", "https://a:b@lrs.example.com", "https://lrs.example.com?a=b", "http://127.0.0.1.example.com"} {
		for _, line := range []string{"tenant list", "login", "logout"} {
			_, err := x.run(line + " --server " + server)
			require.Equal(t, 2, exitCode(err), "%s %s: %v", line, server, err)
		}
	}
	for _, line := range []string{"serve", "dev", "migrate up", "migrate status", "keyring list", "bench", "tenant recover acme --email a@b.example"} {
		_, err := x.run(line + " --server https://lrs.example.com")
		require.ErrorContains(t, err, "works where it is started", line)
		require.Equal(t, 2, exitCode(err))
	}
}
