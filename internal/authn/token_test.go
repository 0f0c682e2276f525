package authn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestAccessTokensNeedNoRedis(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	a, b := p.replica(), p.replica()
	who := a.member(a.signedIn(""))
	p.mini.Close()
	var pat, scim string
	var patID, scimID int64
	p.in(func(tx *postgres.Tx) error {
		only := []authz.Action{authz.StatementsView}
		made, plain, err := tenant.CreateToken(tx, p.peppers, tenant.NewToken{
			Member: who.Member, Name: "Laptop", Actions: only, May: only, ExpiresAt: p.clock.Now().Add(time.Hour),
		}, p.clock.Now())
		if err != nil {
			return err
		}
		pat, patID = plain.Reveal(), made.ID
		made, plain, err = tenant.CreateToken(tx, p.peppers, tenant.NewToken{Name: "Entra", ExpiresAt: p.clock.Now().Add(time.Hour)}, p.clock.Now())
		if err == nil {
			scim, scimID = plain.Reveal(), made.ID
		}
		return err
	})
	got, err := b.tokens.Bearer(t.Context(), pat)
	require.NoError(t, err)
	require.Equal(t, &authn.Person{
		Tenant: p.tenant.ID, Member: who.Member, Slug: "acme", Email: "ada@acme.example", Name: "Ada Lovelace", Token: patID,
		Only: []authz.Action{authz.StatementsView},
	}, got)
	require.Equal(t, audit.Actor{Kind: audit.ByToken, ID: who.Subject(), Name: "ada@acme.example"}, got.Actor())
	got, err = b.tokens.Bearer(t.Context(), scim)
	require.NoError(t, err)
	require.True(t, got.SCIM())
	require.Equal(t, []authz.Action{authz.SCIM}, got.Only)
	require.Equal(t, audit.Actor{Kind: audit.BySCIM, ID: "scim:" + id.Text(scimID), Name: "Entra"}, got.Actor())

	var texts []string
	for _, wrong := range []string{
		"", "x", "stoa_pat_", pat[:len(pat)-1] + flipped(pat[len(pat)-1]), pat + "a", strings.Replace(pat, "_pat_", "_scim_", 1),
		strings.Replace(pat, id.Text(patID), id.Text(patID^1), 1), strings.Replace(pat, id.Text(patID), id.Text(scimID), 1), p.secret,
	} {
		for range 2 {
			_, err := b.tokens.Bearer(t.Context(), wrong)
			require.Equal(t, fault.Unauthenticated, fault.KindOf(err), wrong)
			texts = append(texts, err.Error())
		}
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}

	p.in(func(tx *postgres.Tx) error {
		_, err := tenant.RevokeToken(tx, who.Member, patID, p.clock.Now())
		return err
	})
	p.clock.advance(authn.MaxAge)
	_, err = b.tokens.Bearer(t.Context(), pat)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	_, err = b.tokens.Bearer(t.Context(), scim)
	require.NoError(t, err)
	used := p.clock.Now()
	b.tokens.Close()
	p.in(func(tx *postgres.Tx) error {
		tokens, _, err := tenant.ListTokens(tx, 0, tenant.Page{})
		require.True(t, used.Equal(*tokens[0].LastUsedAt))
		return err
	})
	p.clock.advance(time.Hour)
	_, err = b.tokens.Bearer(t.Context(), scim)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "expired")
	require.NotEqual(t, texts[0], err.Error(), "who has the secret may know")
}

// A replica that has a token in its memory hears of the revocation by age, with
// or without Redis.
func TestARevokedTokenEndsOnEveryReplica(t *testing.T) {
	t.Parallel()
	for name, during := range map[string]func(t *testing.T, p *people){
		"with Redis":          func(*testing.T, *people) {},
		"while Redis is away": func(_ *testing.T, p *people) { p.mini.Close() },
		"after Redis restarted": func(t *testing.T, p *people) {
			p.mini.Close()
			require.Eventually(t, func() bool { return p.mini.Restart() == nil }, 10*time.Second, 5*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setupPeople(t)
			a, b := p.replica(), p.replica()
			who := a.member(a.signedIn(""))
			var token string
			var made *tenant.Token
			p.in(func(tx *postgres.Tx) error {
				only := []authz.Action{authz.StatementsView}
				created, plain, err := tenant.CreateToken(tx, p.peppers, tenant.NewToken{
					Member: who.Member, Name: "Laptop", Actions: only, May: only, ExpiresAt: p.clock.Now().Add(time.Hour),
				}, p.clock.Now())
				made, token = created, plain.Reveal()
				return err
			})
			for _, r := range []*replica{a, b} {
				_, err := r.tokens.Bearer(t.Context(), token)
				require.NoError(t, err)
			}
			during(t, p)
			p.in(func(tx *postgres.Tx) error {
				_, err := tenant.RevokeToken(tx, who.Member, made.ID, p.clock.Now())
				return err
			})
			_, err := b.tokens.Bearer(t.Context(), token)
			require.NoError(t, err, "it is in the memory, or this test shows nothing")
			p.clock.advance(authn.MaxAge)
			for _, r := range []*replica{a, b} {
				_, err := r.tokens.Bearer(t.Context(), token)
				require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
			}
		})
	}
}
