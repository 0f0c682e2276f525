package tenant_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/scim"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// directory speaks SCIM to one tenant.
type directory struct {
	platform
	of *tenant.Tenant
}

func (d directory) user(body string) (*scim.User, error) {
	u, err := scim.ParseUser([]byte(body))
	require.NoError(d.t, err)
	err = d.try(d.of, func(tx *postgres.Tx) error {
		u, err = tenant.CreateUser(tx, u, now)
		return err
	})
	return u, err
}

func (d directory) made(userName string) *scim.User {
	d.t.Helper()
	u, err := d.user(`{"userName":"` + userName + `","active":true}`)
	require.NoError(d.t, err)
	return u
}

func (d directory) patchUser(user, body string) (u *scim.User, err error) {
	d.t.Helper()
	operations, err := scim.ParsePatch([]byte(body))
	require.NoError(d.t, err)
	err = d.try(d.of, func(tx *postgres.Tx) (err error) {
		u, err = tenant.PatchUser(tx, number(d.t, user), operations, 0, now)
		return err
	})
	return u, err
}

func (d directory) group(name string, members ...string) (g *scim.Group) {
	d.t.Helper()
	g = &scim.Group{DisplayName: name}
	for _, m := range members {
		g.Members = append(g.Members, scim.Ref{Value: m})
	}
	d.in(d.of, func(tx *postgres.Tx) (err error) {
		g, err = tenant.CreateGroup(tx, g, now)
		return err
	})
	return g
}

func (d directory) patchGroup(group, body string) (g *scim.Group, err error) {
	d.t.Helper()
	operations, err := scim.ParsePatch([]byte(body))
	require.NoError(d.t, err)
	err = d.try(d.of, func(tx *postgres.Tx) (err error) {
		g, err = tenant.PatchGroup(tx, number(d.t, group), operations, 0, now)
		return err
	})
	return g, err
}

func (d directory) find(filter string, page scim.Page) (names []string, total int) {
	d.t.Helper()
	f, err := scim.ParseFilter(filter)
	require.NoError(d.t, err)
	d.in(d.of, func(tx *postgres.Tx) error {
		users, n, err := tenant.ListUsers(tx, f, page)
		names, total = []string{}, n
		for _, u := range users {
			names = append(names, u.UserName)
		}
		return err
	})
	return names, total
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, ok := id.Parse(text)
	require.True(t, ok, text)
	return n
}

var all = scim.Page{Start: 1, Count: 100}

func TestTheDirectoryKeepsPeople(t *testing.T) {
	t.Parallel()
	d := directory{setup(t), nil}
	d.of = d.tenant("acme")
	by := d.provider(d.of)
	invited := d.invite(d.of, "known@acme.example")

	u, err := d.user(`{"userName":"Ada@Acme.example","externalId":"e-1","active":true,
		"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"primary":true,"type":"work","value":"ada@acme.example"}]}`)
	require.NoError(t, err)
	require.Equal(t, "Ada@Acme.example", u.UserName, "as it was sent")
	m := d.member(d.of, number(t, u.ID))
	require.Equal(t, "Ada Lovelace", m.Name)
	require.Equal(t, tenant.MemberActive, m.Status)
	d.in(d.of, func(tx *postgres.Tx) error {
		again, err := tenant.GetUser(tx, m.ID)
		require.Equal(t, u, again)
		return err
	})
	for _, twice := range []string{`{"userName":"ada@acme.EXAMPLE"}`, `{"userName":"other","emails":[{"value":"ADA@acme.example"}]}`} {
		_, err = d.user(twice)
		require.Equal(t, fault.Conflict, fault.KindOf(err), twice)
		require.ErrorAs(t, err, new(*scim.Error))
	}
	_, err = d.user(`{"userName":"no address"}`)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, id.Text(invited.ID), d.made("known@acme.example").ID, "a member that was there is kept from now on")

	for filter, want := range map[string][]string{
		`userName eq "ada@acme.example"`:                           {"Ada@Acme.example"},
		`externalId eq "e-1"`:                                      {"Ada@Acme.example"},
		`emails.value eq "ADA@acme.example"`:                       {"Ada@Acme.example"},
		`emails[type eq "work"].value eq "ada@acme.example"`:       {"Ada@Acme.example"},
		`displayName eq "ada lovelace" and active eq true`:         {"Ada@Acme.example"},
		`id eq "` + u.ID + `"`:                                     {"Ada@Acme.example"},
		`id eq "nobody" or userName eq "' or true --"`:             {},
		`externalId eq "e-1" and userName eq "known@acme.example"`: {},
	} {
		got, total := d.find(filter, all)
		require.Equal(t, want, got, filter)
		require.Equal(t, len(want), total)
	}
	got, total := d.find(`active eq "True"`, scim.Page{Start: 2, Count: 1})
	require.Len(t, got, 1)
	require.Equal(t, 2, total)
	bad, err := scim.ParseFilter(`password eq "x"`)
	require.NoError(t, err)
	require.Equal(t, fault.Invalid, fault.KindOf(d.try(d.of, func(tx *postgres.Tx) error { _, _, err := tenant.ListUsers(tx, bad, all); return err })))

	// They sign in with what the directory gave them; its word on names comes first.
	d.group("analysts", u.ID)
	w := who("1", "ada@acme.example")
	w.Name = "Another"
	signed, reason := d.signIn(d.of, by, w)
	require.Empty(t, reason)
	require.Equal(t, m.ID, signed.ID)
	require.Equal(t, "Ada Lovelace", signed.Name)

	u, err = d.patchUser(u.ID, `{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"lovelace@acme.example"},{"op":"Replace","path":"displayName","value":"Countess"}]}`)
	require.NoError(t, err)
	require.Equal(t, "analysts", u.Groups[0].Display)
	require.Equal(t, "lovelace@acme.example", d.member(d.of, m.ID).Email)
	require.Equal(t, "Countess", d.member(d.of, m.ID).Name)
	_, err = d.patchUser(u.ID, `{"Operations":[{"op":"Replace","path":"userName","value":"known@acme.example"}]}`)
	require.Equal(t, fault.Conflict, fault.KindOf(err))

	u, err = d.patchUser(u.ID, `{"Operations":[{"op":"replace","value":{"active":false}}]}`)
	require.NoError(t, err)
	require.False(t, u.IsActive())
	var ended int
	d.in(d.of, func(tx *postgres.Tx) error {
		return tx.QueryRow(tx.Context(), `select count(*) from ended_sessions where member_id = $1 and session = ''`, m.ID).Scan(&ended)
	})
	require.Equal(t, 1, ended)
	_, reason = d.signIn(d.of, by, w)
	require.Contains(t, reason, "disabled")
	_, _ = d.last(d.of, audit.MemberDisabled)
	u, err = d.patchUser(u.ID, `{"Operations":[{"op":"Replace","path":"active","value":"True"}]}`)
	require.NoError(t, err)
	require.True(t, u.IsActive())

	require.Equal(t, fault.PreconditionFailed, fault.KindOf(d.try(d.of, func(tx *postgres.Tx) error { return tenant.DeleteUser(tx, m.ID, 1, now) })))
	d.in(d.of, func(tx *postgres.Tx) error { return tenant.DeleteUser(tx, m.ID, 0, now) })
	require.Equal(t, tenant.MemberDisabled, d.member(d.of, m.ID).Status)
	require.Empty(t, d.roles(d.of, m.ID), "out of every group")
	require.Equal(t, fault.NotFound, fault.KindOf(d.try(d.of, func(tx *postgres.Tx) error { return tenant.DeleteUser(tx, m.ID, 0, now) })))
	again, err := d.user(`{"userName":"back","emails":[{"value":"lovelace@acme.example"}]}`)
	require.NoError(t, err)
	require.Equal(t, u.ID, again.ID, "the same person comes back")
	require.Equal(t, tenant.MemberActive, d.member(d.of, m.ID).Status)
}

func TestGroupsGiveRoles(t *testing.T) {
	t.Parallel()
	d := directory{setup(t), nil}
	d.of = d.tenant("acme")
	s := d.store(d.of, "main", tenant.Production)
	a, b := d.made("a@acme.example"), d.made("b@acme.example")
	var mapping *tenant.Mapping
	d.in(d.of, func(tx *postgres.Tx) (err error) {
		mapping, err = tenant.AddMapping(tx, "Readers", authz.Analyst, s.ID, now)
		return err
	})
	roles := func(u *scim.User) []string { return d.roles(d.of, number(t, u.ID)) }
	g := d.group("Readers", a.ID)
	require.Equal(t, []string{"scim analyst"}, roles(a))
	require.Empty(t, roles(b))
	g, err := d.patchGroup(g.ID, `{"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+b.ID+`"}]},{"op":"Remove","path":"members[value eq \"`+a.ID+`\"]"}]}`)
	require.NoError(t, err)
	require.Len(t, g.Members, 1)
	require.Empty(t, roles(a))
	require.Equal(t, []string{"scim analyst"}, roles(b))
	e, details := d.last(d.of, audit.GroupChanged)
	require.Equal(t, "Readers", e.TargetName)
	require.Equal(t, []any{a.ID}, details["removed"])

	g, err = d.patchGroup(g.ID, `{"Operations":[{"op":"replace","value":{"id":"`+g.ID+`","displayName":"Others"}}]}`)
	require.NoError(t, err)
	require.Empty(t, roles(b), "another name, another role")
	g, err = d.patchGroup(g.ID, `{"Operations":[{"op":"replace","path":"displayName","value":"Readers"}]}`)
	require.NoError(t, err)
	version := g.Meta.Version
	g, err = d.patchGroup(g.ID, `{"Operations":[{"op":"replace","path":"displayName","value":"Readers"}]}`)
	require.NoError(t, err)
	require.Equal(t, version, g.Meta.Version, "nothing new is no change")
	d.in(d.of, func(tx *postgres.Tx) error { return tenant.RemoveMapping(tx, mapping.ID, now) })
	require.Empty(t, roles(b), "at once")
	d.in(d.of, func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "Readers", authz.Auditor, 0, now)
		return err
	})
	require.Equal(t, []string{"scim auditor"}, roles(b))

	f, err := scim.ParseFilter(`displayName eq "readers" and members eq "` + b.ID + `"`)
	require.NoError(t, err)
	d.in(d.of, func(tx *postgres.Tx) error {
		groups, total, err := tenant.ListGroups(tx, f, all, false)
		require.Equal(t, 1, total)
		require.Empty(t, groups[0].Members)
		return err
	})
	for body, want := range map[string]fault.Kind{
		`{"Operations":[{"op":"add","path":"members","value":[{"value":"00000001"}]}]}`: fault.Invalid,
		`{"Operations":[{"op":"add","path":"members","value":[{"value":"x"}]}]}`:        fault.Invalid,
		`{"Operations":[{"op":"remove","path":"displayName"}]}`:                         fault.Invalid,
	} {
		_, err = d.patchGroup(g.ID, body)
		require.Equal(t, want, fault.KindOf(err), body)
	}
	d.group("Others")
	_, err = d.patchGroup(g.ID, `{"Operations":[{"op":"replace","path":"displayName","value":"Others"}]}`)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(d.try(d.of, func(tx *postgres.Tx) error {
		_, err := tenant.CreateGroup(tx, &scim.Group{DisplayName: "Others"}, now)
		return err
	})))
	d.in(d.of, func(tx *postgres.Tx) error {
		got, err := tenant.ReplaceGroup(tx, number(t, g.ID), &scim.Group{DisplayName: "Readers", Members: []scim.Ref{{Value: a.ID}}}, 0, now)
		require.Equal(t, a.ID, got.Members[0].Value)
		return err
	})
	require.Equal(t, []string{"scim auditor"}, roles(a))
	d.in(d.of, func(tx *postgres.Tx) error { return tenant.DeleteGroup(tx, number(t, g.ID), 0, now) })
	require.Empty(t, roles(a))
}

func TestTheDirectoryCannotRemoveTheLastAdmin(t *testing.T) {
	t.Parallel()
	d := directory{setup(t), nil}
	d.of = d.tenant("acme")
	d.in(d.of, func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "Admins", authz.TenantAdmin, 0, now)
		return err
	})
	a, b := d.made("a@acme.example"), d.made("b@acme.example")
	g := d.group("Admins", a.ID, b.ID)
	// Both are deactivated at once: one stays.
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, u := range []*scim.User{a, b} {
		both.Go(func() {
			errs[i] = d.db.Tenant(context.Background(), d.of.Scope("test"), func(tx *postgres.Tx) error {
				return tenant.DeleteUser(tx, number(t, u.ID), 0, now)
			})
		})
	}
	both.Wait()
	failed := 0
	for _, err := range errs {
		if err != nil {
			require.Equal(t, fault.Conflict, fault.KindOf(err), err)
			failed++
		}
	}
	require.Equal(t, 1, failed, fmt.Sprint(errs))
	d.in(d.of, func(tx *postgres.Tx) error { return tenant.DeleteGroup(tx, number(t, g.ID), 0, now) })
	_, _ = d.last(d.of, audit.GrantKept)
}

func TestAnotherTenantsPeopleAreNotFound(t *testing.T) {
	t.Parallel()
	d := directory{setup(t), nil}
	d.of = d.tenant("acme")
	u := d.made("a@acme.example")
	g := d.group("Readers", u.ID)
	user, grp := number(t, u.ID), number(t, g.ID)
	s := d.store(d.of, "main", tenant.Production)
	var mapping *tenant.Mapping
	d.in(d.of, func(tx *postgres.Tx) (err error) {
		if mapping, err = tenant.AddMapping(tx, "x", authz.Analyst, s.ID, now); err != nil {
			return err
		}
		_, err = tenant.ClaimDomain(tx, "acme.example", now)
		return err
	})
	personal, _ := d.token(d.of, tenant.NewToken{Member: user, Actions: []authz.Action{authz.TenantView}, May: []authz.Action{authz.TenantView}})
	other := d.tenant("globex")
	none := []scim.Operation{}
	for name, call := range map[string]func(*postgres.Tx) error{
		"member":  func(tx *postgres.Tx) error { _, err := tenant.GetMember(tx, user); return err },
		"find":    func(tx *postgres.Tx) error { _, err := tenant.FindMember(tx, "a@acme.example"); return err },
		"rename":  func(tx *postgres.Tx) error { _, err := tenant.UpdateMember(tx, user, "X", 0, now); return err },
		"disable": func(tx *postgres.Tx) error { _, err := tenant.DisableMember(tx, user, 0, now); return err },
		"enable":  func(tx *postgres.Tx) error { _, err := tenant.EnableMember(tx, user, 0, now); return err },
		"remove":  func(tx *postgres.Tx) error { return tenant.RemoveMember(tx, user, 0) },
		"end":     func(tx *postgres.Tx) error { return tenant.EndSession(tx, user, "", "", now, now) },
		"mapping": func(tx *postgres.Tx) error { return tenant.RemoveMapping(tx, mapping.ID, now) },
		"mapped store": func(tx *postgres.Tx) error {
			_, err := tenant.AddMapping(tx, "x", authz.Analyst, s.ID, now)
			return err
		},
		"domain": func(tx *postgres.Tx) error { return tenant.GiveUpDomain(tx, "acme.example") },
		"token":  func(tx *postgres.Tx) error { _, err := tenant.LoadToken(tx, personal.ID); return err },
		"revoke": func(tx *postgres.Tx) error { _, err := tenant.RevokeToken(tx, user, personal.ID, now); return err },
		"new token": func(tx *postgres.Tx) error {
			_, _, err := tenant.CreateToken(tx, d.peppers, tenant.NewToken{
				Member: user, Name: "T", ExpiresAt: now.Add(1), Actions: []authz.Action{authz.TenantView}, May: []authz.Action{authz.TenantView},
			}, now)
			return err
		},
		"store":        func(tx *postgres.Tx) error { _, err := tenant.UpdateStore(tx, "main", "X", 0); return err },
		"emptied":      func(tx *postgres.Tx) error { return tenant.RecordEmptied(tx, s.ID, 0) },
		"user":         func(tx *postgres.Tx) error { _, err := tenant.GetUser(tx, user); return err },
		"put user":     func(tx *postgres.Tx) error { _, err := tenant.ReplaceUser(tx, user, u, 0, now); return err },
		"patch user":   func(tx *postgres.Tx) error { _, err := tenant.PatchUser(tx, user, none, 0, now); return err },
		"delete user":  func(tx *postgres.Tx) error { return tenant.DeleteUser(tx, user, 0, now) },
		"group":        func(tx *postgres.Tx) error { _, err := tenant.GetGroup(tx, grp, true); return err },
		"put group":    func(tx *postgres.Tx) error { _, err := tenant.ReplaceGroup(tx, grp, g, 0, now); return err },
		"patch group":  func(tx *postgres.Tx) error { _, err := tenant.PatchGroup(tx, grp, none, 0, now); return err },
		"delete group": func(tx *postgres.Tx) error { return tenant.DeleteGroup(tx, grp, 0, now) },
		"activate":     func(tx *postgres.Tx) error { _, err := tenant.Activate(tx, 0, now); return err },
		"test":         func(tx *postgres.Tx) error { _, err := tenant.RecordTest(tx, 0, tenant.TestResult{}, now); return err },
	} {
		err := d.try(other, call)
		require.Equal(t, fault.NotFound, fault.KindOf(err), "%s: %v", name, err)
	}
	require.Equal(t, fault.Invalid, fault.KindOf(d.try(other, func(tx *postgres.Tx) error {
		_, err := tenant.CreateGroup(tx, &scim.Group{DisplayName: "G", Members: []scim.Ref{{Value: u.ID}}}, now)
		return err
	})), "another tenant's people are nobody")
	require.NoError(t, d.try(other, func(tx *postgres.Tx) error {
		rules, err := tenant.GetSSO(tx)
		require.Nil(t, rules.Active)
		require.Nil(t, rules.Draft)
		return err
	}))
	theirs := directory{d.platform, other}
	got, total := theirs.find(`userName eq "a@acme.example"`, all)
	require.Empty(t, got)
	require.Zero(t, total)
	require.NotEqual(t, u.ID, theirs.made("a@acme.example").ID, "both may know the same person")
}
