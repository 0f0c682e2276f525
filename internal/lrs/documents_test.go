package lrs

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func state(id string) *xapi.DocumentQuery {
	return &xapi.DocumentQuery{Kind: xapi.State, Activity: "https://example.com/a", Agent: "mbox:mailto:ada@example.com", ID: id}
}

func set(body string) func(*Document) (*xapi.Document, error) {
	return func(*Document) (*xapi.Document, error) {
		return &xapi.Document{ContentType: "text/plain", Body: []byte(body)}, nil
	}
}

func TestDocumentIsKeptAsItWasSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := read(f.author())
	for _, id := range []string{"a", "a\x00b", "naïve 😀", ""} {
		q := state(id)
		require.NoError(t, f.WriteDocument(t.Context(), in, q, set("first")))
		require.NoError(t, f.WriteDocument(t.Context(), in, q, set("\x00\xff"+id)))
		d, err := f.Document(t.Context(), in, q)
		require.NoError(t, err)
		require.Equal(t, "\x00\xff"+id, string(d.Body))
		require.Equal(t, "text/plain", d.ContentType)
		require.Equal(t, xapi.ETag(d.Body), d.ETag)
		require.NoError(t, f.WriteDocument(t.Context(), in, q, func(*Document) (*xapi.Document, error) { return nil, nil }))
		_, err = f.Document(t.Context(), in, q)
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	}
}

func TestDocumentsOfOtherContextsAreApart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	other, sibling := f.author(), f.key(f.store(a.Tenant, "sandbox"))
	base := state("id")
	require.NoError(t, f.WriteDocument(t.Context(), read(a), base, set("x")))
	elsewhere := map[string]struct {
		in Read
		q  xapi.DocumentQuery
	}{
		"another tenant":       {read(other), *base},
		"another store":        {read(sibling), *base},
		"another registration": {read(a), xapi.DocumentQuery{Kind: base.Kind, Activity: base.Activity, Agent: base.Agent, ID: "id", Registration: uuid.New()}},
		"another kind":         {read(a), xapi.DocumentQuery{Kind: xapi.AgentProfile, Activity: base.Activity, Agent: base.Agent, ID: "id"}},
		"shifted names":        {read(a), xapi.DocumentQuery{Kind: base.Kind, Activity: base.Activity + "m", Agent: base.Agent[1:], ID: "id"}},
	}
	for name, c := range elsewhere {
		_, err := f.Document(t.Context(), c.in, &c.q)
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
		c.q.ID = ""
		require.NoError(t, f.DeleteDocuments(t.Context(), c.in, &c.q), name)
	}
	_, err := f.Document(t.Context(), read(a), base)
	require.NoError(t, err)
}

func TestDocumentsListIDsChangedSince(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := read(f.author())
	registration := uuid.New()
	for _, id := range []string{"b", "a"} {
		require.NoError(t, f.WriteDocument(t.Context(), in, state(id), set(id)))
	}
	old, err := f.Document(t.Context(), in, state("a"))
	require.NoError(t, err)
	registered := state("c")
	registered.Registration = registration
	require.NoError(t, f.WriteDocument(t.Context(), in, registered, set("c")))

	q := state("")
	ids, _, err := f.Documents(t.Context(), in, q)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, ids)
	q.Since = old.Updated
	ids, updated, err := f.Documents(t.Context(), in, q)
	require.NoError(t, err)
	require.Equal(t, []string{"c"}, ids)
	require.True(t, updated.After(old.Updated))
	q.Registration = registration
	require.NoError(t, f.DeleteDocuments(t.Context(), in, q))
	ids, _, err = f.Documents(t.Context(), in, state(""))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, ids)
	require.NoError(t, f.DeleteDocuments(t.Context(), in, state("")))
	ids, _, err = f.Documents(t.Context(), in, state(""))
	require.NoError(t, err)
	require.Empty(t, ids)
}

// TestDocumentChangesAreAtomic lets writers add to one document at the same
// time, from before it exists: none may overwrite what it has not seen.
func TestDocumentChangesAreAtomic(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := read(f.author())
	const writers, each = 8, 10
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				err := f.WriteDocument(context.Background(), in, state("n"), func(old *Document) (*xapi.Document, error) {
					n := 0
					if old != nil {
						if _, err := fmt.Sscan(string(old.Body), &n); err != nil {
							return nil, err
						}
					}
					return &xapi.Document{ContentType: "text/plain", Body: fmt.Append(nil, n+1)}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	d, err := f.Document(t.Context(), in, state("n"))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(writers*each), string(d.Body))
}

func TestDocumentIDIsBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := read(f.author())
	require.NoError(t, f.WriteDocument(t.Context(), in, state(fmt.Sprintf("%0*d", maxDocumentID, 1)), set("x")))
	err := f.WriteDocument(t.Context(), in, state(fmt.Sprintf("%0*d", maxDocumentID+1, 1)), set("x"))
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
}
