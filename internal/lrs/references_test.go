package lrs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// In a long chain of references each statement is found by what it leads to in
// maxHops steps, in one batch or one by one.
func TestAChainOfReferences(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, single := range []bool{false, true} {
		a := f.author()
		ids := make([]uuid.UUID, 0, 100)
		chain := make([]string, 0, cap(ids))
		for i := range cap(ids) {
			object := `{"id":"x:end"}`
			if i > 0 {
				object = fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, ids[i-1])
			}
			ids = append(ids, uuid.New())
			chain = append(chain, fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:l%d@example.com"},"verb":{"id":"x:v"},"object":%s}`, ids[i], i, object))
		}
		if single {
			for _, s := range chain {
				f.put(a, s)
			}
		} else {
			f.put(a, "["+strings.Join(chain, ",")+"]")
		}
		for _, from := range []int{0, 20} {
			q := xapi.Query{Agent: fmt.Sprintf("mbox:mailto:l%d@example.com", from), Ascending: true}
			require.Equal(t, ids[from:from+1+maxHops], f.walk(read(a), q), "from %d, one by one %v", from, single)
		}
	}
}

// Statements that refer to one in very many lists are stored at once, and
// entered after it; who asks then finds them.
func TestReferencesToAWideStatementDoNotHoldItsStoreUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	star, voided := uuid.New(), uuid.New()
	f.put(a, wide(star, 3000))
	f.put(a, wide(voided, 3000))
	var ids []uuid.UUID
	var all []string
	for range 14 {
		ids = append(ids, uuid.New())
		all = append(all, referringTo(ids[len(ids)-1], "fan", star))
	}
	voider := uuid.New()
	f.settler.close() // as if it were killed
	f.put(a, "["+strings.Join(all, ",")+","+voiding(voider, voided)+"]")
	require.NotZero(t, f.pendingOf(a))
	_, err := f.Statement(t.Context(), read(a), voided, true)
	require.NoError(t, err, "it is voided at once")

	f.LRS = f.another()
	q := xapi.Query{Agent: "mbox:mailto:m2999@example.com", Ascending: true}
	require.Equal(t, append(append([]uuid.UUID{star}, ids...), voider), f.walk(read(a), q))
	require.Zero(t, f.pendingOf(a))
}
