package main

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestPeopleFromTheShell(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	x.table("store create acme main")

	var ada apiv1.Member
	x.json("member invite acme Ada@acme.example --role tenant-admin", &ada)
	require.Equal(t, "ada@acme.example", ada.Email)
	require.Equal(t, apiv1.MemberStatusInvited, ada.Status)
	var grant apiv1.Grant
	x.json("grant give acme ada@acme.example analyst --store main --expires 30d", &grant)
	require.Equal(t, "main", *grant.Store)
	require.Regexp(t, `^shell:.+`, grant.GrantedBy)
	require.WithinDuration(t, time.Now().Add(30*24*time.Hour), *grant.ExpiresAt, time.Minute)
	var grants struct{ Items []apiv1.Grant }
	x.json("grant list acme "+ada.ID, &grants)
	require.Len(t, grants.Items, 2)
	x.table("grant take acme ada@acme.example " + grant.ID)
	x.json("grant list acme "+ada.ID, &grants)
	require.Len(t, grants.Items, 1)
	require.Contains(t, x.table("grant list acme "+ada.ID), "tenant-admin")

	x.json("member disable acme ada@acme.example", &ada)
	require.Equal(t, apiv1.MemberStatusDisabled, ada.Status)
	x.json("member enable acme "+ada.ID, &ada)
	require.Equal(t, apiv1.MemberStatusInvited, ada.Status)
	require.Contains(t, x.table("member list acme --prefix ada --status invited"), "ada@acme.example")
	x.json("member remove acme "+ada.ID, &ada)
	require.NotContains(t, x.table("member list acme"), "ada@acme.example")

	for line, want := range map[string]fault.Kind{
		"member disable acme ada@acme.example":    fault.NotFound,
		"member list acme --status gone":          fault.Invalid,
		"member invite acme nobody":               fault.Invalid,
		"member invite acme a@b.example --open 1": fault.Invalid,
		"grant take acme ada@acme.example 7":      fault.Invalid,
		"tenant recover acme --email nobody":      fault.Invalid,
		"tenant recover none --email a@b.example": fault.NotFound,
	} {
		_, err := x.run(line)
		require.Equal(t, want, fault.KindOf(err), "%s: %v", line, err)
	}
}

func TestARecoveryLinkFromTheShell(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	acme, err := tenant.Get(t.Context(), x.urls.OpenOperator(t), "acme")
	require.NoError(t, err)
	var made struct {
		Link      string    `json:"link"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	x.json("tenant recover acme --email ada@acme.example", &made)
	link, err := url.Parse(made.Link)
	require.NoError(t, err)
	require.Equal(t, "https://lrs.example.com/auth/recover", link.Scheme+"://"+link.Host+link.Path)
	peppers, err := tenant.ParsePeppers(pepper)
	require.NoError(t, err)
	require.NoError(t, x.urls.Open(t).Tenant(t.Context(), acme.Scope("test"), func(tx *postgres.Tx) error {
		m, refused, err := tenant.UseRecovery(tx, peppers, link.Query().Get("token"), time.Now())
		require.Nil(t, refused)
		require.Equal(t, "ada@acme.example", m.Email)
		return err
	}))
}

func TestSSOFromTheShell(t *testing.T) {
	t.Parallel()
	x := open(t)
	dir := t.TempDir()
	x.sh.environ = append(x.sh.environ, "STOA_KEYRING="+filepath.Join(dir, "keyring.json"))
	x.table("keyring create")
	x.table("tenant create acme")
	file := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(file, []byte("hunter2\n"), 0o600))
	var sso apiv1.SSO
	out := x.table("sso set acme --issuer https://login.example.com --client-id stoa --domain acme.example --secret-file " + file)
	require.NotContains(t, out, "hunter2")
	x.json("sso show acme", &sso)
	require.Nil(t, sso.Active)
	require.Equal(t, []string{"acme.example"}, sso.Draft.Domains)
	_, err := x.run("sso set acme --issuer https://other.example.com --client-id stoa")
	require.Equal(t, fault.Invalid, fault.KindOf(err), "another issuer needs the secret again")
}
