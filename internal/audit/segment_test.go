package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
)

// retained runs retention as in so many days.
func (w *world) retained(days int) {
	w.t.Helper()
	now := func() time.Time { return time.Now().AddDate(0, 0, days) }
	require.NoError(w.t, w.sealing(func(c *audit.SealerConfig) { c.Now = now }).Retain(w.t.Context()))
}

func TestSealsWithoutEventsDoNotStopTheLists(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.record(w.mine, 1)
	w.seal()
	w.force(`insert into audit_seals (tenant_id, number, kind, at, events, leaves, total, last, settled, newest, root, previous, key_id, signature)
		select tenant_id, number + n, kind, at, '{}', '', total, last, greatest(last), newest, sha256(''), previous, key_id, signature
		from audit_seals cross join generate_series(1, 1100) as n where tenant_id = $1`, w.mine.Tenant())
	w.record(w.mine, 1100)
	w.seal()
	require.EqualValues(t, 1, w.number(`select count(*) from audit_segments`), "quiet times are sealed too")
}

func TestListsGoOnAfterAllEventsHaveLeft(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.old(1500, 400)
	w.keep(365)
	w.retained(0)
	w.retained(8)
	require.Zero(t, w.number(`select count(*) from audit_segments`))
	w.record(w.mine, 1100)
	w.seal(func(c *audit.SealerConfig) { c.Now = func() time.Time { return time.Now().AddDate(0, 0, 8) } })
	require.EqualValues(t, 1, w.number(`select count(*) from audit_segments`))
	require.Len(t, w.list(w.mine, audit.Filter{Target: "key-7"}), 1)
}

// TestASegmentStaysWhileOneOfItsEventsDoes lets all leave but events that have
// not one word in common with them.
func TestASegmentStaysWhileOneOfItsEventsDoes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.old(1000, 400)
	last := w.number(`select max(id) from audit_events`)
	w.record(w.mine, 50)
	w.force(`update audit_events set at = now() - interval '100 days', actor_kind = 'system', actor_id = 'other', actor_name = '', action = 'strange',
		target_kind = '', target_id = 'lone' || id, target_name = '', address = '', session = '', details = '{}' where id > $1`, last)
	w.seal()
	w.old(1100, 90)
	require.EqualValues(t, 2, w.number(`select count(*) from audit_segments`))
	w.keep(365)
	w.retained(0)
	w.retained(8)
	require.EqualValues(t, 2, w.number(`select count(*) from audit_segments`))
	require.Len(t, w.list(w.mine, audit.Filter{Target: fmt.Sprint("lone", last+1)}), 1)
	require.Len(t, w.list(w.mine, audit.Filter{Actor: "other"}), 50)
}

func TestASegmentThatIsTakenAwayIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.record(w.mine, 1500)
	w.seal()
	w.force(`delete from audit_segments`)
	w.seal()
	require.EqualValues(t, 1, w.number(`select count(*) from audit_segments`))
	require.Len(t, w.list(w.mine, audit.Filter{Target: "key-7"}), 1)
}
