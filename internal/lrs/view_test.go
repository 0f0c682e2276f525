package lrs

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// view is that of a person who may see everything of a's store.
func (f *fixture) view(a Author) View {
	f.t.Helper()
	c := keyring.Config{File: filepath.Join(f.t.TempDir(), "keyring.json")}
	require.NoError(f.t, keyring.Create(f.t.Context(), c, time.Now()))
	ring, err := keyring.Open(f.t.Context(), c)
	require.NoError(f.t, err)
	return View{
		Scope: postgres.NewScope(a.Tenant, "member:00000001"), Store: a.Store, Slug: "sandbox", Actor: "member:00000001",
		Cap: 100, People: ring.Pseudonyms(a.Tenant),
	}
}

// looked returns type, outcome and details of a tenant's events, oldest first.
func (f *fixture) looked(tenant int64) (events []string) {
	f.tx(tenant, func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select action || ' ' || outcome || ' ' || details from audit_events where tenant_id = $1 order by id`, tenant)
		require.NoError(f.t, err)
		for rows.Next() {
			var e string
			require.NoError(f.t, rows.Scan(&e))
			events = append(events, e)
		}
		return rows.Err()
	})
	return events
}

const adaDid = `{"actor":{"mbox":"mailto:ada@example.org","name":"Ada"},"verb":{"id":"http://example.org/did"},
	"object":{"id":"http://example.org/a"},"context":{"registration":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002"}}`

func TestALookIsCountedAndStandsInTheLog(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	ids := f.put(a, "["+adaDid+","+adaDid+"]")
	v := f.view(a)
	page, err := f.ViewStatements(t.Context(), v, &xapi.Query{Verb: "http://example.org/did", Limit: 1}, Results{}, 0)
	require.NoError(t, err)
	require.Len(t, page.Statements, 1)
	require.NotZero(t, page.Next)
	require.Contains(t, string(page.Statements[0].JSON), "ada@example.org")
	one, err := f.ViewStatement(t.Context(), v, ids[0])
	require.NoError(t, err)
	require.False(t, one.Voided)
	v.Masked = true
	_, err = f.ViewStatement(t.Context(), v, ids[0])
	require.NoError(t, err)
	_, err = f.ViewStatement(t.Context(), v, uuid.New())
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Equal(t, []string{
		`identities.viewed success {"query":{"verb":"http://example.org/did"},"rows":1}`,
		`identities.viewed success {"rows":1,"statement":"` + ids[0].String() + `"}`,
		`statements.viewed success {"rows":1,"statement":"` + ids[0].String() + `"}`,
	}, f.looked(a.Tenant))

	v.Cap = 5
	for range 2 {
		_, err = f.ViewStatement(t.Context(), v, ids[0])
		require.NoError(t, err)
	}
	_, err = f.ViewStatement(t.Context(), v, ids[0])
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.ErrorContains(t, err, "export")
	_, err = f.ViewStatement(t.Context(), v, ids[0])
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	denied := slices.DeleteFunc(f.looked(a.Tenant), func(e string) bool { return !strings.HasPrefix(e, "access.denied denied") })
	require.Equal(t, []string{`access.denied denied {"cap":5,"reason":"viewing cap"}`}, denied, "once a minute")
	v.Actor = "member:00000002"
	_, err = f.ViewStatement(t.Context(), v, ids[0])
	require.NoError(t, err, "each person has a cap")
}

func TestWhoMayNotSeeIdentitiesFindsNone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	ids := f.put(a, "["+adaDid+`,{"actor":{"mbox":"mailto:bob@example.org"},"verb":{"id":"http://example.org/did"},"object":{"id":"http://example.org/people/ada@example.org"}}]`)
	v := f.view(a)
	seen, err := f.ViewStatements(t.Context(), v, &xapi.Query{Activity: "http://example.org/people/ada@example.org"}, Results{}, 0)
	require.NoError(t, err)
	require.Len(t, seen.Statements, 1, "who may see people asks as they like")
	v.Masked = true
	page, err := f.ViewStatements(t.Context(), v, &xapi.Query{}, Results{}, 0)
	require.NoError(t, err)
	require.Len(t, page.Statements, 2)
	for _, s := range page.Statements {
		require.NotContains(t, string(s.JSON), "example.org\"}")
		require.NotContains(t, strings.ToLower(string(s.JSON)), "ada")
		require.NotContains(t, string(s.JSON), "bob")
	}
	_, err = f.ViewStatements(t.Context(), v, &xapi.Query{Agent: "mbox:mailto:ada@example.org"}, Results{}, 0)
	require.Equal(t, fault.Forbidden, fault.KindOf(err), "an answer would tell")
	for _, id := range []string{"http://example.org/people/ada@example.org", "mailto:ada@example.org", "http://example.org/people/nobody%40example.org"} {
		for _, q := range []xapi.Query{{Activity: id}, {Activity: id, RelatedActivities: true}, {Verb: id}} {
			_, err = f.ViewStatements(t.Context(), v, &q, Results{}, 0)
			require.Equal(t, fault.Forbidden, fault.KindOf(err), "whether it is there or not: %v", q)
		}
	}
	ada := xapi.ActorOf(page.Statements[1].JSON).Identity
	found, err := f.ViewStatements(t.Context(), v, &xapi.Query{Agent: ada}, Results{}, 0)
	require.NoError(t, err)
	require.Len(t, found.Statements, 1)
	require.Equal(t, ids[0], found.Statements[0].ID)
	_, err = f.ViewStatements(t.Context(), v, &xapi.Query{Agent: ada + "a"}, Results{}, 0)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	for _, e := range f.looked(a.Tenant) {
		require.NotContains(t, e, "mailto")
		require.NotContains(t, e, "@")
		require.NotContains(t, e, "%40")
	}
	// Another tenant's pseudonym is none here.
	b := f.author()
	f.put(b, adaDid)
	other := f.view(b)
	other.Masked = true
	_, err = f.ViewStatements(t.Context(), other, &xapi.Query{Agent: ada}, Results{}, 0)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = f.ViewStatement(t.Context(), other, ids[0])
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestWhatBelongsTogetherIsFoundFromOneStatement(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	v := f.view(a)
	ids := f.put(a, "["+adaDid+","+adaDid+`,{"actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://example.org/did"},"object":{"id":"http://example.org/other"}}]`)
	related, err := f.ViewRelated(t.Context(), v, ids[0], 0)
	require.NoError(t, err)
	require.Len(t, related.Statements, 1)
	require.Equal(t, ids[1], related.Statements[0].ID)
	_, err = f.ViewRelated(t.Context(), v, uuid.New(), 0)
	require.Equal(t, fault.NotFound, fault.KindOf(err))

	by := json.RawMessage(`{"account":{"homePage":"https://stoa.test","name":"member:00000001"}}`)
	none, err := f.ViewVoidedBy(t.Context(), v, ids[0])
	require.NoError(t, err)
	require.Empty(t, none.Statements)
	for _, reason := range []string{"", "x", strings.Repeat("x", 1001)} {
		_, err = f.Void(t.Context(), v, a, by, ids[0], reason)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	voider, err := f.Void(t.Context(), v, a, by, ids[0], "sent twice by mistake")
	require.NoError(t, err)
	gone, err := f.ViewStatement(t.Context(), v, ids[0])
	require.NoError(t, err)
	require.True(t, gone.Voided)
	voiding, err := f.ViewVoidedBy(t.Context(), v, ids[0])
	require.NoError(t, err)
	require.Len(t, voiding.Statements, 1)
	require.Equal(t, voider, voiding.Statements[0].ID)
	for _, again := range []uuid.UUID{ids[0], voider} {
		_, err = f.Void(t.Context(), v, a, by, again, "once more")
		require.Equal(t, fault.Conflict, fault.KindOf(err))
	}
	_, err = f.Void(t.Context(), v, a, by, uuid.New(), "never was")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Contains(t, f.looked(a.Tenant), fmt.Sprintf(
		`statement.voided success {"reason":"sent twice by mistake","store":"sandbox","voided_by":%q}`, voider))
}
