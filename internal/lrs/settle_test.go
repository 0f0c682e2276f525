package lrs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func referringTo(id uuid.UUID, actor string, to uuid.UUID) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%s@example.com"},"verb":{"id":"x:likes"},"object":{"objectType":"StatementRef","id":%q}}`, id, actor, to)
}

func voiding(id, target uuid.UUID) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:eve@example.com"},"verb":{"id":%q},"object":{"objectType":"StatementRef","id":%q}}`, id, xapi.VoidedVerb, target)
}

// referring stores n statements that refer to one that has not arrived.
func (f *fixture) referring(a Author, to uuid.UUID, n int) []uuid.UUID {
	var ids []uuid.UUID
	for left := n; left > 0; left -= 500 {
		var all []string
		for range min(left, 500) {
			ids = append(ids, uuid.New())
			all = append(all, referringTo(ids[len(ids)-1], "fan", to))
		}
		f.put(a, "["+strings.Join(all, ",")+"]")
	}
	return ids
}

func (f *fixture) pendingOf(a Author) (n int) {
	f.t.Helper()
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from pending_refs where tenant_id = $1 and store_id = $2`, a.Tenant, a.Store).Scan(&n)
	})
	return n
}

// However many have waited, who asks after the answer finds all of them, page
// by page, by the filters that find what they refer to.
func TestManyThatWaitedAreFoundWithWhatArrives(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, other := f.author(), f.author()
	star := uuid.New()
	ids := f.referring(a, star, 1500)
	strangers := f.referring(other, star, 10)
	began := time.Now()
	f.put(a, simple(star, "ada", "did", "one"))
	t.Logf("acknowledged after %s", time.Since(began))
	for _, q := range []xapi.Query{
		{Agent: "mbox:mailto:ada@example.com"},
		{Verb: "https://example.com/verbs/did"},
		{Activity: "https://example.com/one", RelatedActivities: true},
		{Agent: a.Identity, RelatedAgents: true, Verb: "x:likes"},
	} {
		q.Ascending = true
		want := append(append([]uuid.UUID{}, ids...), star)
		if q.Verb == "x:likes" {
			want = ids
		}
		require.Equal(t, want, f.walk(read(a), q))
	}
	require.Zero(t, f.pendingOf(a))
	require.Equal(t, len(strangers), f.pendingOf(other), "another tenant's wait on")
}

// While some are not entered yet, the answer does not claim to be complete up
// to them, and what is voided is so at once.
func TestWhatIsNotSettledIsNotPromised(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	star := uuid.New()
	ids := f.referring(a, star, 300)
	voider := uuid.New()
	f.put(a, voiding(voider, star))
	first, err := f.Statement(t.Context(), read(a), ids[0], false)
	require.NoError(t, err)

	f.settler.close() // as if it were killed
	f.put(a, simple(star, "ada", "did", "one"))
	_, err = f.Statement(t.Context(), read(a), star, true)
	require.NoError(t, err, "it is voided")
	q := xapi.Query{Agent: "mbox:mailto:ada@example.com", Ascending: true}
	page, err := f.Find(t.Context(), read(a), &q, 0)
	require.NoError(t, err)
	require.Empty(t, page.Records)
	require.True(t, page.ConsistentThrough.Before(first.Stored))
	all, err := f.Find(t.Context(), read(a), &xapi.Query{Limit: 1}, 0)
	require.NoError(t, err)
	require.True(t, all.ConsistentThrough.After(first.Stored), "without a filter nothing is missing")

	// One batch, then another replica.
	more, err := f.settler.settle(t.Context(), storeName{a.Tenant, a.Store})
	require.NoError(t, err)
	require.True(t, more)
	require.NotZero(t, f.pendingOf(a))
	page, err = f.Find(t.Context(), read(a), &q, 0)
	require.NoError(t, err)
	require.Len(t, page.Records, pageDefault)
	require.True(t, page.ConsistentThrough.After(first.Stored))
	f.LRS = f.another()
	require.Equal(t, append(ids, voider), f.walk(read(a), q))
	require.Zero(t, f.pendingOf(a))
}

// A statement that goes while others are entered for it lets the rest wait again.
func TestWhatArrivedMayGoMeanwhile(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	star := uuid.New()
	ids := f.referring(a, star, 300)
	f.settler.close()
	f.put(a, simple(star, "ada", "did", "one"))
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `delete from statements where tenant_id = $1 and store_id = $2 and id = $3`, a.Tenant, a.Store, star)
		return err
	})
	f.LRS = f.another()
	<-f.settler.wake(storeName{a.Tenant, a.Store})
	require.Equal(t, len(ids), f.pendingOf(a))
	f.put(a, simple(star, "ada", "did", "one"))
	require.Equal(t, append(ids, star), f.walk(read(a), xapi.Query{Agent: "mbox:mailto:ada@example.com", Ascending: true}))
}

// What a person looks at in the console waits as what a client asks for does,
// and is counted and logged once.
func TestALookWaitsForWhatIsNotSettled(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(f *fixture, v View, star uuid.UUID) (*ViewPage, error){
		"statements": func(f *fixture, v View, _ uuid.UUID) (*ViewPage, error) {
			return f.ViewStatements(t.Context(), v, &xapi.Query{Agent: "mbox:mailto:ada@example.com", Ascending: true}, Results{}, 0)
		},
		"related": func(f *fixture, v View, star uuid.UUID) (*ViewPage, error) {
			return f.ViewRelated(t.Context(), v, star, 0)
		},
		"voiders": func(f *fixture, v View, star uuid.UUID) (*ViewPage, error) {
			return f.ViewVoidedBy(t.Context(), v, star)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			a := f.author()
			star := uuid.New()
			var all []string
			for range 300 {
				all = append(all, voiding(uuid.New(), star))
			}
			f.put(a, "["+strings.Join(all, ",")+"]")
			f.settler.close() // as if it were killed
			f.put(a, simple(star, "ada", "did", "one"))
			require.Greater(t, f.pendingOf(a), 300, "and a mark")
			f.LRS = f.another()
			v := f.view(a)
			v.Cap = 1000
			page, err := look(f, v, star)
			require.NoError(t, err)
			require.Zero(t, f.pendingOf(a))
			seen := min(300, maxViewPage)
			if name == "voiders" {
				seen = 300
			}
			require.Len(t, page.Statements, seen)
			require.Equal(t, v.Cap-seen, page.Remaining)
			require.Len(t, f.looked(a.Tenant), 1)
			require.True(t, page.ConsistentThrough.After(page.Statements[0].Stored))
		})
	}
}

// Another process goes on with a tenant's marks without being asked for anything.
func TestWhatWasLeftIsResumed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, stranger := f.author(), f.author()
	waits := f.key(f.store(a.Tenant, "sandbox")) // a store where something waits for what never came
	f.referring(waits, uuid.New(), 1)
	b := f.key(f.store(a.Tenant, "sandbox"))
	star := uuid.New()
	for _, of := range []Author{a, b, stranger} {
		f.referring(of, star, 300)
	}
	f.settler.close() // as if it were killed
	for _, of := range []Author{a, b, stranger} {
		f.put(of, simple(star, "ada", "did", "one"))
	}
	f.LRS = f.another()
	f.tx(a.Tenant, func(_ context.Context, tx *postgres.Tx) error { return f.Resume(tx) })
	require.Eventually(t, func() bool { return f.pendingOf(a) == 0 && f.pendingOf(b) == 0 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, 1, f.pendingOf(waits))
	require.Equal(t, 301, f.pendingOf(stranger), "another tenant's are not its business")
}
