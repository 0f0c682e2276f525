package lrs

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// TestAnotherTenantFindsNothing asks for everything that one tenant has with
// the scope of another, also where the caller would name the first one's store.
func TestAnotherTenantFindsNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, b := f.author(), f.author()
	id, voided := uuid.New(), uuid.New()
	body := strings.Replace(simple(id, "ada", "did", "a"), `"object":{`, `"object":{"definition":{"name":{"en":"secret"}},`, 1)
	f.put(a, body)
	f.put(a, simple(voided, "ada", "did", "a"))
	f.put(a, `{"actor":{"mbox":"mailto:ada@example.com"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"`+voided.String()+`"}}`)
	require.NoError(t, f.PutAttachment(t.Context(), a, "abc", strings.NewReader("secret")))
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("s"), set("secret")))
	page, err := f.Find(t.Context(), read(a), &xapi.Query{Limit: 1}, 0)
	require.NoError(t, err)
	require.Len(t, page.Records, 1)
	require.NotZero(t, page.Next)

	own := read(b)
	forged := read(b)
	forged.Store = a.Store
	for name, in := range map[string]Read{"own store": own, "forged store": forged} {
		for _, q := range []xapi.Query{{}, {Agent: "mbox:mailto:ada@example.com", RelatedAgents: true}, {Verb: "https://example.com/verbs/did"}, {Activity: "https://example.com/a", RelatedActivities: true}, {Ascending: true}} {
			for _, after := range []Cursor{0, page.Next, maxMicro - 1} {
				got, err := f.Find(t.Context(), in, &q, after)
				require.NoError(t, err, name)
				require.Empty(t, got.Records, name)
				require.Zero(t, got.Next, name)
			}
		}
		for id, voided := range map[uuid.UUID]bool{id: false, voided: true} {
			_, err := f.Statement(t.Context(), in, id, voided)
			require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
		}
		_, err := f.Document(t.Context(), in, state("s"))
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
		ids, _, err := f.Documents(t.Context(), in, state(""))
		require.NoError(t, err)
		require.Empty(t, ids, name)
		_, err = f.Definition(t.Context(), in, "https://example.com/a")
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
		names, err := f.AgentNames(t.Context(), in, "mbox:mailto:ada@example.com")
		require.NoError(t, err)
		require.Empty(t, names, name)
	}
	_, _, err = f.Attachment(t.Context(), b.Tenant, b.Store, "abc")
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)

	// The same id is free for another tenant, and voiding it there changes nothing here.
	f.put(b, simple(id, "bob", "did", "other"))
	f.put(b, `{"actor":{"mbox":"mailto:bob@example.com"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"`+id.String()+`"}}`)
	_, err = f.Statement(t.Context(), read(a), id, false)
	require.NoError(t, err)
}

// TestIngestRoleIsBoundToItsTenants writes as the committer does, with a
// tenant in a row that the transaction has not named.
func TestIngestRoleIsBoundToItsTenants(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, b := f.author(), f.author()
	p := f.pending(b, simple(uuid.New(), "ada", "did", "a"))
	err := f.db.Ingest(t.Context(), []int64{a.Tenant}, func(tx *postgres.IngestTx) error {
		return newGroup([]*pending{p}, f.dicts, false).run(t.Context(), tx)
	})
	require.ErrorContains(t, err, "row-level security")
	require.Empty(t, f.walk(read(b), xapi.Query{}))
}

func TestEmptyDeletesOneSandboxAndNothingElse(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	sibling, other := f.key(f.store(a.Tenant, "sandbox")), f.author()
	production := f.key(f.store(a.Tenant, "production"))
	all := []Author{a, sibling, other, production}
	for _, x := range all {
		f.put(x, simple(uuid.New(), "ada", "did", "a"))
		require.NoError(t, f.PutAttachment(t.Context(), x, "abc", strings.NewReader("x")))
		require.NoError(t, f.WriteDocument(t.Context(), read(x), state("s"), set("x")))
	}
	for name, try := range map[string]Read{"a production store": read(production), "another tenant's": {Scope: read(other).Scope, Store: a.Store}} {
		_, err := f.Empty(t.Context(), try.Scope, try.Store)
		require.Error(t, err, name)
	}
	n, err := f.Empty(t.Context(), read(a).Scope, a.Store)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Empty(t, f.walk(read(a), xapi.Query{}))
	_, _, err = f.Attachment(t.Context(), a.Tenant, a.Store, "abc")
	require.True(t, fault.Is(err, fault.NotFound))
	for _, x := range all[1:] {
		require.Len(t, f.walk(read(x), xapi.Query{}), 1)
		_, err := f.Document(t.Context(), read(x), state("s"))
		require.NoError(t, err)
		contents, _, err := f.Attachment(t.Context(), x.Tenant, x.Store, "abc")
		require.NoError(t, err)
		require.NoError(t, contents.Close())
	}
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		for _, table := range []string{"statements", "statement_rel", "waiting_lists", "activities", "documents", "pending_refs"} {
			var left int
			if err := tx.QueryRow(ctx, "select count(*) from "+table+" where store_id = $1", a.Store).Scan(&left); err != nil {
				return err
			}
			require.Zero(t, left, table)
		}
		return nil
	})
}
