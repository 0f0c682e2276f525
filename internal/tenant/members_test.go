package tenant_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestMembersAreListedAndChanged(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	for _, name := range []string{"c", "a", "b-1", "b"} {
		p.invite(acme, name+"@acme.example")
	}
	list := func(f tenant.MemberFilter, page tenant.Page) (emails []string, next string) {
		p.in(acme, func(tx *postgres.Tx) error {
			members, n, err := tenant.ListMembers(tx, f, page)
			for _, m := range members {
				emails = append(emails, strings.TrimSuffix(m.Email, "@acme.example"))
			}
			next = n
			return err
		})
		return emails, next
	}
	first, next := list(tenant.MemberFilter{}, tenant.Page{Limit: 3})
	require.Equal(t, []string{"a", "b-1", "b"}, first)
	second, next := list(tenant.MemberFilter{}, tenant.Page{Limit: 3, After: next})
	require.Equal(t, []string{"c"}, second)
	require.Empty(t, next)
	b, _ := list(tenant.MemberFilter{Prefix: "B", Status: tenant.MemberInvited}, tenant.Page{})
	require.Equal(t, []string{"b-1", "b"}, b)
	none, _ := list(tenant.MemberFilter{Status: tenant.MemberActive}, tenant.Page{})
	require.Empty(t, none)
	none, _ = list(tenant.MemberFilter{Prefix: "a\x00%"}, tenant.Page{})
	require.Empty(t, none)
	part, _ := list(tenant.MemberFilter{Text: "B-1@Acme"}, tenant.Page{})
	require.Equal(t, []string{"b-1"}, part)

	m := p.invite(acme, "d@acme.example")
	p.in(acme, func(tx *postgres.Tx) error {
		got, err := tenant.UpdateMember(tx, m.ID, "Dee", 1, now)
		require.Equal(t, "Dee", got.Name)
		require.EqualValues(t, 2, got.Version)
		return err
	})
	part, _ = list(tenant.MemberFilter{Text: "dEE"}, tenant.Page{})
	require.Equal(t, []string{"d"}, part)
	for name, c := range map[string]struct {
		call func(tx *postgres.Tx) error
		want fault.Kind
	}{
		"stale":    {func(tx *postgres.Tx) error { _, err := tenant.UpdateMember(tx, m.ID, "E", 1, now); return err }, fault.PreconditionFailed},
		"bad name": {func(tx *postgres.Tx) error { _, err := tenant.UpdateMember(tx, m.ID, " E", 0, now); return err }, fault.Invalid},
		"again": {func(tx *postgres.Tx) error {
			_, err := tenant.Invite(tx, "D@acme.example", "", now.Add(time.Hour), now)
			return err
		}, fault.Conflict},
		"no address": {func(tx *postgres.Tx) error {
			_, err := tenant.Invite(tx, "Dee <d@acme.example>", "", now.Add(time.Hour), now)
			return err
		}, fault.Invalid},
		"too long": {func(tx *postgres.Tx) error {
			_, err := tenant.Invite(tx, "e@acme.example", "", now.AddDate(1, 0, 0), now)
			return err
		}, fault.Invalid},
		"cursor": {func(tx *postgres.Tx) error {
			_, _, err := tenant.ListMembers(tx, tenant.MemberFilter{}, tenant.Page{After: "!"})
			return err
		}, fault.Invalid},
	} {
		require.Equal(t, c.want, fault.KindOf(p.try(acme, c.call)), name)
	}
}
