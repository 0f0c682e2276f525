package lrs

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// TestFindWhereTermsAreCommon compares random queries with a plain reading over
// a store in which nearly every statement has the same actor, verb and activity:
// what else is asked for is rare, and lies far apart. Then it looks at the plan
// of each SQL statement that the finder has sent: not copies of them, but what
// the connection has prepared.
func TestFindWhereTermsAreCommon(t *testing.T) {
	t.Parallel()
	f := setup(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: f.database.App, IngestURL: f.database.Ingest, MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	f.db = db // of one connection: it keeps all that it has prepared
	f.merge = 200
	f.LRS = f.another()
	a := f.author()
	m := &model{rnd: rand.New(rand.NewPCG(1, 1)), authors: []Author{a, f.key(a)}, byID: map[uuid.UUID]*entry{}, common: 0.97}
	m.store(f, 2500)
	owner, err := pgx.Connect(t.Context(), f.database.Owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	_, err = owner.Exec(t.Context(), "vacuum (analyze) statements, statement_rel, waiting_lists")
	require.NoError(t, err)
	for range 150 {
		m.common = 0.5 // in what is asked for
		q, in := m.query(read(a))
		q.Limit = 50 + m.rnd.IntN(450)
		want := m.find(in, &q)
		require.Equal(t, want, f.walk(in, q), "query %s mine %v", q.Values().Encode(), in.Mine != nil)
	}

	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		sent, err := prepared(ctx, tx)
		require.NoError(t, err)
		for what, part := range map[string]string{
			"learn":    "coalesce(registration, 0)",
			"lookUp":   "w.at",
			"between":  "stored <= $3 limit",
			"probes":   "select count(*), min(stored)",
			"postings": "order by upto desc limit",
			"scan":     "+0) = ",
			"load":     "stored = any($2) and not voided",
			"targets":  "id = any($3)",
			"one":      "and id = $3",
		} {
			require.True(t, slices.ContainsFunc(sent, func(s sentence) bool { return strings.Contains(s.text, part) }), "the queries did not lead to %s", what)
		}
		for _, s := range sent {
			var text []byte
			nulls := strings.TrimSuffix(strings.Repeat("null,", s.parameters), ",")
			sql := "explain (verbose, format json) execute " + pgx.Identifier{s.name}.Sanitize()
			if nulls != "" {
				sql += "(" + nulls + ")"
			}
			if err := tx.QueryRow(ctx, sql).Scan(&text); err != nil {
				return err
			}
			var plans []struct{ Plan plan }
			require.NoError(t, json.Unmarshal(text, &plans))
			require.NoError(t, plans[0].Plan.check(), "%s\n%s", s.text, text)
		}
		return nil
	})
}

// sentence is an SQL statement that a connection has prepared.
type sentence struct {
	name, text string
	parameters int
}

func prepared(ctx context.Context, tx *postgres.Tx) ([]sentence, error) {
	rows, err := tx.Query(ctx, `
		select name, statement, cardinality(parameter_types) from pg_prepared_statements
		where statement ~* '^\s*select' and statement !~ 'pg_prepared_statements|pg_roles|set_config'`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s sentence, err error) {
		return s, row.Scan(&s.name, &s.text, &s.parameters)
	})
}

// plan is a node of a plan, as EXPLAIN tells it.
type plan struct {
	Type      string `json:"Node Type"`
	Relation  string `json:"Relation Name"`
	Index     string `json:"Index Name"`
	IndexCond string `json:"Index Cond"`
	Filter    string `json:"Filter"`
	Join      string `json:"Join Filter"`
	Disabled  bool   `json:"Disabled"`
	Plans     []plan `json:"Plans"`
}

// The indexes that queries go through, and what each must be asked for: where
// row-level security or a function stands between a condition and its index,
// the condition is a filter, and the index is read from end to end.
var asked = map[string][]string{
	"statements_pkey":         {"tenant_id = ", "store_id = ", "id = "},
	"statements_stored":       {"store_id = "},
	"statements_registration": {"registration = ", "stored "},
	"statement_rel_pkey":      {"key = ", "upto ", "tenant_id = "},
	"waiting_lists_pkey":      {"store_id = ", "upto ", "tenant_id = "},
	"keys_pkey":               {"id = "},
	"dictionaries_pkey":       {"tenant_id = ", "store_id = "},
	"pending_refs_pkey":       {"tenant_id = ", "store_id = ", "target = "},
}

// What may be a filter: the policy, and what is fenced or has no index.
var filters = regexp.MustCompile(`\w+\.tenant_id = \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::bigint` +
	`|\(\w+\.(actor|verb|activity) \+ 0\) = \$\d+|NOT \w+\.voided|\(\w+\.tenant_id = \$\d+\)`)

func (p *plan) check() error {
	switch p.Type {
	case "Index Scan", "Index Only Scan":
		need, ok := asked[p.Index]
		if !ok {
			return fmt.Errorf("no query should need %s", p.Index)
		}
		for _, part := range need {
			if !strings.Contains(p.IndexCond, part) {
				return fmt.Errorf("%s is not asked for %q but %q", p.Index, part, p.IndexCond)
			}
		}
		if rest := strings.Trim(strings.ReplaceAll(filters.ReplaceAllString(p.Filter, ""), "AND", ""), " ()"); rest != "" {
			return fmt.Errorf("%s is read and then filtered by %q", p.Index, rest)
		}
	case "Limit", "Aggregate", "Nested Loop", "Subquery Scan", "Function Scan", "Result", "ProjectSet":
		if p.Relation != "" || p.Filter != "" || p.Join != "" {
			return fmt.Errorf("%s filters by %q", p.Type, p.Filter+p.Join)
		}
	default:
		return fmt.Errorf("%s of %s", p.Type, p.Relation)
	}
	if p.Disabled {
		return fmt.Errorf("%s was not wanted", p.Type)
	}
	for i := range p.Plans {
		if err := p.Plans[i].check(); err != nil {
			return err
		}
	}
	return nil
}
