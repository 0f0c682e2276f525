package lrs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

// complete returns what completes text when all statements were looked through.
func (f *fixture) complete(v View, kind LexiconKind, text string) (ids []string) {
	f.t.Helper()
	f.followed(v)
	page, err := f.ViewLexicon(f.t.Context(), v, kind, text, 0)
	require.NoError(f.t, err)
	require.True(f.t, page.Complete)
	for i := range page.Entries {
		ids = append(ids, page.Entries[i].ID())
	}
	return ids
}

// followed brings the lexicon of v's store up to date.
func (f *fixture) followed(v View) {
	f.t.Helper()
	require.NoError(f.t, f.lexicons.run(f.t.Context(), postgres.NewScope(v.Scope.Tenant(), "lexicon"), v.Store))
}

func called(actor, name, verb, display, activity, title string) string {
	return fmt.Sprintf(`{"actor":{"mbox":"mailto:%s@example.org","name":%q},"verb":{"id":"http://example.org/verbs/%s","display":{"en":%q,"de":"%s (de)"}},
		"object":{"id":"https://lms.example.org/%s","definition":{"name":{"en":%q},"type":"http://example.org/type"}}}`, actor, name, verb, display, display, activity, title)
}

func TestALexiconCompletesWhatTheStoreHas(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, other := f.author(), f.author()
	v := f.view(a)
	v.Cap = 0
	require.Empty(t, f.complete(v, LexiconVerbs, ""))
	f.put(a, "["+strings.Join([]string{
		called("ada", "Ada Lovelace", "completed", "completed", "course/7", "Forklift safety"),
		called("bob", "Bob Ånd", "failed", "did not pass", "course/8", "Safety of ladders"),
		`{"actor":{"account":{"homePage":"https://hr.example.org","name":"E-4711"}},"verb":{"id":"http://example.org/verbs/seen"},"object":{"id":"https://lms.example.org/plain"}}`,
		`{"actor":{"objectType":"Group","member":[{"mbox":"mailto:cyd@example.org"}]},"verb":{"id":"http://example.org/verbs/seen"},"object":{"objectType":"Agent","mbox":"mailto:dee@example.org"}}`,
	}, ",")+"]")
	f.put(other, called("eve", "Eve", "completed", "completed", "course/9", "Fire"))

	verb := "http://example.org/verbs/"
	require.Equal(t, []string{verb + "completed"}, f.complete(v, LexiconVerbs, "COMP"))
	require.Equal(t, []string{verb + "failed"}, f.complete(v, LexiconVerbs, "not pass"), "a word within, and what follows")
	require.Equal(t, []string{verb + "failed"}, f.complete(v, LexiconVerbs, "did not  pass (DE"), "any language")
	require.Equal(t, []string{verb + "seen"}, f.complete(v, LexiconVerbs, "seen"), "the last segment of an id")
	require.Len(t, f.complete(v, LexiconVerbs, "http://example.org"), 3)
	require.Len(t, f.complete(v, LexiconVerbs, ""), 3)
	require.Empty(t, f.complete(v, LexiconVerbs, "ompleted"), "words are found by their beginning")
	lms := "https://lms.example.org/"
	require.Equal(t, []string{lms + "course/8", lms + "course/7"}, f.complete(v, LexiconActivities, "safety"), "a name that begins so is first")
	require.Equal(t, []string{lms + "plain"}, f.complete(v, LexiconActivities, "plain"))
	require.Equal(t, []string{"ada@example.org"}, f.complete(v, LexiconPeople, "lovel"))
	require.Equal(t, []string{"bob@example.org"}, f.complete(v, LexiconPeople, "ÅN"))
	require.Equal(t, []string{"E-4711"}, f.complete(v, LexiconPeople, "e-47"))
	require.Len(t, f.complete(v, LexiconPeople, ""), 3)
	require.Empty(t, f.complete(v, LexiconPeople, "eve"), "another tenant's")

	// The newest name counts, and the old one is forgotten.
	f.lexicons.known.InvalidateAll()
	f.put(a, called("ada", "Countess", "completed", "finished", "course/7", "Forklift"))
	require.Equal(t, []string{"ada@example.org"}, f.complete(v, LexiconPeople, "countess"))
	require.Empty(t, f.complete(v, LexiconPeople, "lovelace"))
	require.Empty(t, f.complete(v, LexiconActivities, "forklift s"))

	// Another store of the tenant has words of its own.
	second := f.store(a.Tenant, "sandbox")
	elsewhere := v
	elsewhere.Store = second.Store
	require.Empty(t, f.complete(elsewhere, LexiconVerbs, ""))

	_, err := f.Empty(t.Context(), postgres.NewScope(a.Tenant, "test"), a.Store)
	require.NoError(t, err)
	for _, kind := range []LexiconKind{LexiconVerbs, LexiconActivities, LexiconPeople} {
		require.Empty(t, f.complete(v, kind, ""))
	}
	f.put(a, called("ada", "Ada", "completed", "completed", "course/7", "Fire"))
	require.Equal(t, []string{"ada@example.org"}, f.complete(v, LexiconPeople, "ada"), "emptied, everything is new")
}

// Old statements come in from the newest backwards, whoever works on it.
func TestALexiconReachesBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	v := f.view(a)
	v.Cap = 0
	for i := range 3 {
		var all []string
		for j := range 900 {
			n := i*900 + j
			all = append(all, called(fmt.Sprint("p", n%40), fmt.Sprint("Person ", n%40), "did", "did", fmt.Sprint("a", n%700), fmt.Sprint("Name of ", i)))
		}
		f.put(a, "["+strings.Join(all, ",")+"]")
	}
	second := f.another()
	require.Eventually(t, func() bool {
		page, err := f.ViewLexicon(t.Context(), v, LexiconPeople, "person", 50)
		require.NoError(t, err)
		_, err = second.ViewLexicon(t.Context(), v, LexiconPeople, "person", 50)
		require.NoError(t, err)
		return page.Complete && len(page.Entries) == 40
	}, 20*time.Second, 10*time.Millisecond)
	for range 2 {
		page, err := f.ViewLexicon(t.Context(), v, LexiconActivities, "name of", 7)
		require.NoError(t, err)
		require.Len(t, page.Entries, 7)
		for _, e := range page.Entries {
			require.JSONEq(t, `{"en":"Name of 2"}`, string(e.Names), "the newest")
		}
	}
	var entries int
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from lexicon where tenant_id = $1`, a.Tenant).Scan(&entries)
	})
	require.Equal(t, 741, entries)
}

// Who sees pseudonyms learns nothing here that their statements do not show.
func TestALexiconTellsNobodyWhoIsMasked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	v := f.view(a)
	v.Masked, v.Cap = true, 1
	f.put(a, "["+strings.Join([]string{
		called("ada", "Ada Lovelace", "completed", "completed", "course/7", "Forklift safety"),
		called("ada", "Ada Lovelace", "mailed", "wrote to bob@example.org", "users/bob@example.org", "A profile"),
		called("ada", "Ada Lovelace", "read", "read", "diary", "Diary of Ada Lovelace"),
		called("bob", "Bob Smith", "seen", "seen", "users/bob%40example.org", "Forklift of a user"),
	}, ",")+"]")
	require.Equal(t, []string{"https://lms.example.org/course/7"}, f.complete(v, LexiconActivities, ""))
	require.Equal(t, []string{"https://lms.example.org/course/7"}, f.complete(v, LexiconActivities, "fork"))
	for _, text := range []string{"bob", "users", "diary", "ada", "lovelace", "a profile"} {
		require.Empty(t, f.complete(v, LexiconActivities, text), text)
	}
	require.Len(t, f.complete(v, LexiconVerbs, ""), 3)
	require.Empty(t, f.complete(v, LexiconVerbs, "wrote"))
	for _, text := range []string{"", "ada", "learner"} {
		require.Empty(t, f.complete(v, LexiconPeople, text))
	}
	require.Empty(t, f.looked(a.Tenant), "nobody was looked at")
}

func TestPeopleInALexiconCountAsLooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	v := f.view(a)
	v.Cap = 3
	f.put(a, "["+called("ada", "Ada", "did", "did", "one", "One")+","+called("adam", "Adam", "did", "did", "of/ada@example.org", "Ada's")+"]")
	f.complete(v, LexiconVerbs, "")
	require.Len(t, f.complete(v, LexiconPeople, "ada"), 2)
	f.complete(v, LexiconActivities, "one")
	f.complete(v, LexiconActivities, "of")
	require.Equal(t, []string{
		`identities.viewed success {"looked":"up people","rows":2}`, `identities.viewed success {"looked":"up activities","rows":1}`,
	}, f.looked(a.Tenant))
	_, err := f.ViewLexicon(t.Context(), v, LexiconPeople, "ada", 0)
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	_, err = f.ViewLexicon(t.Context(), v, LexiconVerbs, "", 0)
	require.NoError(t, err)
}

func TestLongAndOddNamesAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	v := f.view(a)
	v.Cap = 0
	long := strings.Repeat("wörter ", 500)
	f.put(a, "["+strings.Join([]string{
		called("ada", strings.Repeat("Ä", 5000), "did", long, "one/"+strings.Repeat("x/", 1500), "<b>"),
		strings.Replace(called("bob", "NAME", "saw", "saw", "two", "\t"), `"NAME"`, `"a\u0000b"`, 1),
		`{"actor":{"account":{"homePage":"https://hr.example.org","name":"nul\u0000"}},"verb":{"id":"http://example.org/verbs/did"},"object":{"id":"https://lms.example.org/plain"}}`,
	}, ",")+"]")
	require.Len(t, f.complete(v, LexiconPeople, ""), 2)
	require.Equal(t, []string{"http://example.org/verbs/did"}, f.complete(v, LexiconVerbs, strings.Repeat("wörter ", 20)))
	require.Empty(t, f.complete(v, LexiconVerbs, strings.Repeat("wörter ", 20)+"x"))
	require.Len(t, f.complete(v, LexiconActivities, "https://lms.example.org/one"), 1)
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		var most, longest int
		require.NoError(t, tx.QueryRow(ctx, `select max(n), max(l) from (
			select count(*) as n, max(octet_length(word)) as l from lexicon_words where tenant_id = $1 group by key) x`, a.Tenant).Scan(&most, &longest))
		require.LessOrEqual(t, most, mostStarts)
		require.LessOrEqual(t, longest, longestStart)
		return nil
	})
}

// The words of a text are a range of the index, under row-level security too.
func TestCompletingReadsAnIndex(t *testing.T) {
	t.Parallel()
	d := postgrestest.New(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: d.App, IngestURL: d.Ingest, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	f := &fixture{t: t, database: d, db: db, operator: d.OpenOperator(t)}
	f.LRS = f.another()
	a := f.author()
	v := f.view(a)
	f.put(a, simple(uuid.New(), "ada", "did", "one"))
	f.complete(v, LexiconActivities, "one")
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		for _, sql := range []string{`set local enable_seqscan = off`, `set local enable_bitmapscan = off`} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		sent, err := prepared(ctx, tx)
		require.NoError(t, err)
		for _, s := range sent {
			if !strings.Contains(s.text, "lexicon_words") {
				continue
			}
			var text []byte
			sql := "explain (format json) execute " + s.name + "(" + strings.TrimSuffix(strings.Repeat("null,", s.parameters), ",") + ")"
			require.NoError(t, tx.QueryRow(ctx, sql).Scan(&text))
			require.True(t, json.Valid(text))
			require.Contains(t, string(text), `word >= `, "%s", text)
			require.Regexp(t, `"Index Cond": "[^"]*word >= [^"]*word < `, string(text))
			return nil
		}
		require.Fail(t, "nothing was asked")
		return nil
	})
}
