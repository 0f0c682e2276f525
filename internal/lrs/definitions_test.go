package lrs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefinitionsAreMergedOnceEach(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, elsewhere := f.author(), f.author()
	defined := func(id, name string) string {
		return `{"actor":{"mbox":"mailto:ada@example.com"},"verb":{"id":"x:v"},"object":{"id":"` + id + `","definition":{"name":{"en":"` + name + `"}}}}`
	}
	b := batch(t, "["+defined("x:1", "a")+","+defined("x:1", "a")+","+defined("x:1", "b")+","+defined("x:2", "a")+"]")
	iris := func(a Author) (iris []string) {
		for _, d := range f.definitions.unseen(a, b.Statements) {
			require.Equal(t, []int64{a.Tenant, a.Store}, []int64{d.tenant, d.store})
			iris = append(iris, d.iri)
		}
		return iris
	}
	require.Equal(t, []string{"x:1", "x:1", "x:2"}, iris(a))
	_, err := f.Commit(t.Context(), Write{a, b})
	require.NoError(t, err)
	require.Empty(t, iris(a))
	require.Len(t, iris(elsewhere), 3, "another store has seen nothing")
}
