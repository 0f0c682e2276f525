package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// used writes what one replica says of a key's minute, soon after its end.
func (w *world) used(scope postgres.Scope, key string, minute time.Time, address string) {
	w.t.Helper()
	w.in(scope, func(tx *postgres.Tx) error {
		return audit.Record(tx, audit.Event{
			Type: audit.KeyUsed, Target: audit.Target{Kind: "key", ID: key, Name: "Player"},
			Details: map[string]any{
				"minute":    minute.Format(time.RFC3339),
				"resources": map[string]any{"statements.write": map[string]int{"requests": 2, "statements": 50}, "state": map[string]int{"requests": 1, "statements": 0}},
				"statuses":  map[string]int{"2xx": 2, "4xx": 1}, "addresses": []string{address}, "requests_from_further_addresses": 1,
			},
		})
	})
	w.force(`update audit_events set at = $1 where id = (select max(id) from audit_events)`, minute.Add(70*time.Second))
}

func (w *world) uses(scope postgres.Scope, f audit.KeyUseFilter, page audit.Page) (all []audit.KeyUse) {
	w.t.Helper()
	for {
		w.in(scope, func(tx *postgres.Tx) error {
			uses, next, err := audit.ListKeyUse(tx, f, page)
			all, page.After = append(all, uses...), next
			return err
		})
		if page.After == "" {
			return all
		}
	}
}

// Two replicas write each minute; whatever the pages, nothing is counted twice
// or left out, sealed and searchable or not.
func TestUsesOfAKeyAreSummed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	now := time.Now().UTC().Truncate(time.Hour)
	for i := range 90 {
		at := now.Add(-time.Duration(90-i) * time.Minute)
		w.used(w.mine, "1-h4k2m9q0", at, "192.0.2.1")
		w.used(w.mine, "1-h4k2m9q0", at, "192.0.2.2")
		w.used(w.mine, "1-other000", at, "192.0.2.9")
		if i == 45 {
			w.seal()
		}
	}
	f := audit.KeyUseFilter{Key: "1-h4k2m9q0", Unit: time.Minute, Since: now.Add(-24 * time.Hour), Until: now}
	for _, limit := range []int{1, 7, 90, 1000} {
		uses := w.uses(w.mine, f, audit.Page{Limit: limit})
		require.Len(t, uses, 90, "pages of %d", limit)
		for i, u := range uses {
			require.Equal(t, audit.KeyUse{
				Begin: now.Add(-time.Duration(i+1) * time.Minute), Resources: map[string]audit.ResourceUse{"statements.write": {4, 100}, "state": {2, 0}},
				Statuses: map[string]int64{"2xx": 4, "4xx": 2}, Addresses: []string{"192.0.2.1", "192.0.2.2"}, Further: 2,
			}, u)
		}
	}

	hours := f
	hours.Unit = time.Hour
	for _, limit := range []int{1, 100} {
		uses := w.uses(w.mine, hours, audit.Page{Limit: limit})
		require.Len(t, uses, 2)
		require.Equal(t, []time.Time{now.Add(-time.Hour), now.Add(-2 * time.Hour)}, []time.Time{uses[0].Begin, uses[1].Begin})
		require.Equal(t, audit.ResourceUse{Requests: 240, Statements: 6000}, uses[0].Resources["statements.write"])
		require.Equal(t, audit.ResourceUse{Requests: 120, Statements: 3000}, uses[1].Resources["statements.write"])
	}

	some := f
	some.Since, some.Until = now.Add(-10*time.Minute), now.Add(-5*time.Minute)
	uses := w.uses(w.mine, some, audit.Page{Limit: 2})
	require.Len(t, uses, 5, "later than since, not later than until")
	require.Equal(t, []time.Time{some.Until, some.Since.Add(time.Minute)}, []time.Time{uses[0].Begin, uses[4].Begin})

	require.Empty(t, w.uses(w.theirs, f, audit.Page{}), "another tenant's")
	for _, cursor := range []string{"x", now.Add(time.Second).Format(time.RFC3339), "9999-12-31T00:00:00Z"} {
		err := w.try(w.mine, func(tx *postgres.Tx) error {
			_, _, err := audit.ListKeyUse(tx, f, audit.Page{After: cursor})
			return err
		})
		require.Equal(t, fault.Invalid, fault.KindOf(err), fmt.Sprint(cursor, err))
	}
}
