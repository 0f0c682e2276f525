package lrs

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// What is stored while a sandbox is emptied stays, and is found as ever: by
// every filter, also where its lists were merged meanwhile or it refers to another.
func TestWhatIsStoredWhileASandboxIsEmptiedStays(t *testing.T) {
	t.Parallel()
	for name, merge := range map[string]int{"lists that wait": 0, "merged lists": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.merge = merge
			f.LRS = f.another()
			a := f.author()
			f.put(a, simple(uuid.New(), "ada", "did", "one"))
			f.put(a, referringTo(uuid.New(), "ada", uuid.New()))
			require.NoError(t, f.PutAttachment(t.Context(), a, "old", strings.NewReader("x")))
			require.NoError(t, f.WriteDocument(t.Context(), read(a), state("old"), set("x")))

			until, err := f.moment(t.Context(), read(a).Scope, a.Store)
			require.NoError(t, err)
			star, missing := uuid.New(), uuid.New()
			f.put(a, simple(star, "ada", "did", "one"))
			fan := f.put(a, referringTo(uuid.New(), "fan", star))[0]
			early := f.put(a, referringTo(uuid.New(), "fan", missing))[0]
			require.NoError(t, f.PutAttachment(t.Context(), a, "new", strings.NewReader("y")))
			require.NoError(t, f.WriteDocument(t.Context(), read(a), state("new"), set("y")))

			n, err := f.emptyUntil(t.Context(), read(a).Scope, a.Store, until)
			require.NoError(t, err)
			require.EqualValues(t, 2, n)
			require.Equal(t, []uuid.UUID{early, fan, star}, f.walk(read(a), xapi.Query{}))
			for _, q := range []xapi.Query{
				{Verb: "https://example.com/verbs/did"},
				{Agent: "mbox:mailto:ada@example.com"},
				{Activity: "https://example.com/one"},
			} {
				require.Equal(t, []uuid.UUID{fan, star}, f.walk(read(a), q), q.Values().Encode())
			}
			f.put(a, simple(missing, "late", "did", "one"))
			require.Equal(t, []uuid.UUID{missing, early}, f.walk(read(a), xapi.Query{Agent: "mbox:mailto:late@example.com"}))

			ids, _, err := f.Documents(t.Context(), read(a), state(""))
			require.NoError(t, err)
			require.Equal(t, []string{"new"}, ids)
			_, _, err = f.Attachment(t.Context(), a.Tenant, a.Store, "old")
			require.Error(t, err)
			contents, _, err := f.Attachment(t.Context(), a.Tenant, a.Store, "new")
			require.NoError(t, err)
			require.NoError(t, contents.Close())
		})
	}
}
