package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob/memblob"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestAnUntouchedChainIsWhole(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.True(t, w.verify().OK, "an empty log")
	s := w.sealing()
	for i := range 5 {
		w.record(w.mine, 3+i)
		w.record(w.theirs, 2)
		require.NoError(t, s.Round(t.Context()))
	}
	w.keys.add() // rotated: the seals before keep theirs
	w.record(w.mine, 10_000)
	require.NoError(t, s.Round(t.Context()))
	w.record(w.mine, 1)
	r := w.verify()
	require.Empty(t, r.Findings)
	require.True(t, r.OK)
	require.EqualValues(t, 25+10_000, r.Events)
	require.EqualValues(t, 1, r.Waiting)
	require.GreaterOrEqual(t, r.Seals, int64(5+3), "at most 4096 events a seal")
	require.EqualValues(t, 0, w.number(`select count(*) from audit_seals where cardinality(events) > 4096`))
	require.EqualValues(t, 25+10_000, s.Stats().Sealed-10)
}

// TestEveryByteCounts changes one column of one row after the other, past every
// fence, and requires that each change is found and named.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.sealing()
	for range 4 {
		w.record(w.mine, 4)
		require.NoError(t, s.Round(t.Context()))
	}
	w.sealLate()
	anchors := memblob.OpenBucket(nil)
	defer func() { _ = anchors.Close() }()
	require.NoError(t, w.sealing(withAnchors(anchors)).Anchor(t.Context()))
	require.True(t, w.verify(against(anchors)).OK)
	const row = `tenant_id = $1 and `
	for _, table := range []struct{ name, of string }{
		{"audit_events", row + `id = (select min(id) + 5 from audit_events where tenant_id = $1)`},
		{"audit_seals", row + `number = 2`},
		{"audit_seals", row + `number = (select max(number) from audit_seals where tenant_id = $1 and events <> '{}')`},
		{"audit_seals", row + `number = (select max(number) from audit_seals where tenant_id = $1)`}, // of no event
	} {
		rows, err := w.intruder.Query(t.Context(), `select attname, format_type(atttypid, atttypmod) from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and not attisdropped`, table.name)
		require.NoError(t, err)
		columns := map[string]string{}
		for rows.Next() {
			var name, kind string
			require.NoError(t, rows.Scan(&name, &kind))
			columns[name] = kind
		}
		require.NoError(t, rows.Err())
		require.Greater(t, len(columns), 14)
		for column, kind := range columns {
			var changes []string
			switch kind {
			case "text":
				changes = []string{column + ` || 'x'`, `overlay(` + column + ` placing '~' from 1 for 1)`}
				if column == "outcome" {
					changes = []string{`'denied'`}
				} else if column == "kind" {
					changes = []string{`'policy'`, `'expiry'`}
				}
			case "bigint", "integer":
				changes = []string{column + ` + 1`, column + ` - 1`, column + ` # 1024`}
				if column == "tenant_id" {
					changes = []string{fmt.Sprint(w.theirs.Tenant())}
				} else if column == "id" || column == "number" {
					changes = []string{column + ` + 1000`} // others have the neighbours
				}
			case "bigint[]":
				changes = []string{`events[1:cardinality(events) - 1]`, `array_append(events, 7777777::bigint)`, `(select array_agg(e order by e desc) from unnest(events) e)`}
			case "bytea":
				changes = []string{
					`set_byte(` + column + `, 0, get_byte(` + column + `, 0) # 1)`,
					`set_byte(` + column + `, length(` + column + `) - 1, get_byte(` + column + `, length(` + column + `) - 1) # 128)`,
				}
			case "timestamp with time zone":
				changes = []string{column + ` + interval '1 microsecond'`, column + ` - interval '1 microsecond'`}
			default:
				t.Fatalf("say how to change %s", kind)
			}
			if kind == "bigint[]" && strings.Contains(table.of, "select max(number) from audit_seals where tenant_id = $1)") {
				changes = changes[1:2] // there is nothing to take away or to turn round
			} else if column == "leaves" && strings.Contains(table.of, "select max(number) from audit_seals where tenant_id = $1)") {
				changes = []string{`'x'`, `sha256('x')`}
			}
			for _, change := range changes {
				what := fmt.Sprintf("%s.%s = %s where %s", table.name, column, change, table.of)
				if kind == "bigint[]" || column == "leaves" { // the table would refuse it
					w.force(`alter table audit_seals drop constraint if exists audit_seals_check`)
				}
				w.force(`begin`)
				w.force(`alter table ` + table.name + ` drop constraint if exists audit_events_tenant_id_fkey`)
				if column == "id" {
					w.force(`alter table audit_events alter column id drop identity`)
				}
				require.EqualValues(t, 1, w.force(`update `+table.name+` set `+column+` = `+change+` where `+table.of, w.mine.Tenant()), what)
				w.force(`commit`)
				r := w.verify(against(anchors)) // which tell when the last seal becomes another's
				require.False(t, r.OK, what)
				require.NotEmpty(t, r.Findings, what)
				if table.name == "audit_events" && column != "tenant_id" && column != "id" {
					require.Equal(t, audit.EventChanged, r.Findings[0].Kind, what)
					require.EqualValues(t, 1, r.Problems, what)
					require.NotEmpty(t, r.Findings[0].Event, what)
				}
				w.restore()
				require.True(t, w.verify().OK, "restored after "+what)
			}
		}
	}
}

func TestWhatIsTakenOrAddedIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		want audit.Kind
	}{
		"an event deleted":        {`delete from audit_events where id = (select events[2] from audit_seals where number = 2 and tenant_id = $1)`, audit.EventMissing},
		"the last event deleted":  {`delete from audit_events where id = (select max(id) from audit_events where tenant_id = $1)`, audit.EventMissing},
		"all events of a seal":    {`delete from audit_events where id in (select unnest(events) from audit_seals where number = 1 and tenant_id = $1)`, audit.EventMissing},
		"an event put in between": {`insert into audit_events overriding system value select tenant_id, id + 1000000 - 1000000 + 100000, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, outcome, address, user_agent, session, request_id, details from audit_events where tenant_id = $1 order by id limit 1`, audit.EventUnsealed},
		"an event put before":     {`insert into audit_events overriding system value select tenant_id, 1, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, outcome, address, user_agent, session, request_id, details from audit_events where tenant_id = $1 order by id limit 1`, audit.EventForged},
		"two events swapped": {`update audit_events a set details = b.details, target_id = b.target_id, at = b.at from audit_events b where a.tenant_id = $1 and b.tenant_id = $1
			and a.id in (select events[1] from audit_seals where number = 1 and tenant_id = $1) and b.id in (select events[2] from audit_seals where number = 1 and tenant_id = $1)`, audit.EventChanged},
		"a seal deleted":       {`delete from audit_seals where number = 2 and tenant_id = $1`, audit.SealMissing},
		"the first deleted":    {`delete from audit_seals where number = 1 and tenant_id = $1`, audit.SealMissing},
		"the last ones":        {`delete from audit_seals where number > 1 and tenant_id = $1`, audit.EventUnsealed},
		"all of them":          {`delete from audit_seals where tenant_id = $1`, audit.EventUnsealed},
		"a seal put elsewhere": {`update audit_seals set number = number + 100 where number = 2 and tenant_id = $1`, audit.SealMissing},
		"two seals swapped": {`update audit_seals a set root = b.root, leaves = b.leaves, events = b.events, signature = b.signature, previous = b.previous from audit_seals b
			where a.tenant_id = $1 and b.tenant_id = $1 and a.number = 5 - b.number and a.number in (2, 3)`, audit.ChainBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			s := w.sealing()
			w.record(w.theirs, 1) // the first ids are another's
			for range 3 {
				w.record(w.mine, 4)
				require.NoError(t, s.Round(t.Context()))
			}
			w.record(w.mine, 1)
			w.sealLate()
			require.True(t, w.verify(laterBy(time.Hour)).OK)
			sql := c.sql
			if name == "an event put before" {
				w.force(`delete from audit_events where tenant_id = $1`, w.theirs.Tenant())
			}
			require.NotZero(t, w.force(sql, w.mine.Tenant()))
			r := w.verify(laterBy(time.Hour))
			require.False(t, r.OK)
			require.Equal(t, c.want, r.Findings[0].Kind, "%+v", r.Findings)
			// Sealing goes on and covers nothing up.
			if c.want != audit.EventUnsealed {
				w.record(w.mine, 2)
				require.NoError(t, s.Round(t.Context()))
				require.Equal(t, c.want, w.verify(laterBy(time.Hour)).Findings[0].Kind)
			}
		})
	}
}

func TestACutChainIsFoundByItsAnchors(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bucket := memblob.OpenBucket(nil)
	defer func() { _ = bucket.Close() }()
	s := w.sealing(withAnchors(bucket))
	for range 4 {
		w.record(w.mine, 3)
		require.NoError(t, s.Round(t.Context()))
		require.NoError(t, s.Anchor(t.Context()))
	}
	r := w.verify(against(bucket))
	require.True(t, r.OK, "%+v", r.Findings)
	require.EqualValues(t, 4, r.Anchors)
	w.in(w.mine, func(tx *postgres.Tx) error {
		number, failure, err := anchored(tx)
		require.Empty(t, failure)
		require.Positive(t, number)
		return err
	})

	// Seals and their events are cut off, and new ones written in their place.
	w.force(`delete from audit_events where id in (select unnest(events) from audit_seals where number > 2 and tenant_id = $1)`, w.mine.Tenant())
	w.force(`delete from audit_seals where number > 2 and tenant_id = $1`, w.mine.Tenant())
	require.True(t, w.verify(laterBy(time.Hour)).OK, "the chain alone does not tell")
	require.Equal(t, audit.TailMissing, w.verify(against(bucket), laterBy(time.Hour)).Findings[0].Kind)
	w.record(w.mine, 3)
	require.NoError(t, s.Round(t.Context()))
	require.EqualValues(t, 1, s.Stats().Shortened, "the process that sealed knows better")
	require.Equal(t, audit.AnchorDiffers, w.verify(against(bucket)).Findings[0].Kind)
	require.ErrorContains(t, s.Anchor(t.Context()), "cut off")
	w.in(w.mine, func(tx *postgres.Tx) error {
		_, failure, err := anchored(tx)
		require.Contains(t, failure, "cut off")
		return err
	})
}

func TestAStoreThatIsDownDoesNotStopSealing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bucket := memblob.OpenBucket(nil)
	require.NoError(t, bucket.Close())
	s := w.sealing(withAnchors(bucket))
	w.record(w.mine, 3)
	require.NoError(t, s.Round(t.Context()))
	require.Error(t, s.Anchor(t.Context()))
	require.EqualValues(t, 1, s.Stats().AnchorFailures)
	w.record(w.mine, 3)
	require.NoError(t, s.Round(t.Context()))
	require.EqualValues(t, 6, w.verify().Events)

	again := memblob.OpenBucket(nil)
	defer func() { _ = again.Close() }()
	require.NoError(t, w.sealing(withAnchors(again)).Anchor(t.Context()))
	require.EqualValues(t, 1, w.verify(against(again)).Anchors)
}

func TestAForeignKeyIsNoKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.record(w.mine, 3)
	w.seal()
	theirs := &keys{}
	theirs.add()
	r, err := audit.Verify(t.Context(), audit.InTenant(w.db, w.mine), w.mine.Tenant(), audit.VerifyOptions{Verifier: theirs})
	require.NoError(t, err)
	require.Equal(t, audit.BadSignature, r.Findings[0].Kind)
	r, err = audit.Verify(t.Context(), audit.InTenant(w.db, w.mine), w.mine.Tenant(), audit.VerifyOptions{Verifier: &keys{}})
	require.NoError(t, err)
	require.Equal(t, audit.KeyUnknown, r.Findings[0].Kind)
}

func TestAnEventIsProven(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.record(w.mine, 2)
	w.seal()
	w.record(w.mine, 37)
	w.seal()
	w.record(w.mine, 1)
	lines := w.list(w.mine, audit.Filter{})
	require.Len(t, lines, 40)
	w.in(w.mine, func(tx *postgres.Tx) error {
		_, err := audit.Prove(tx, &lines[0])
		require.Equal(t, fault.NotFound, fault.KindOf(err), "not sealed yet")
		for i := range lines[1:] {
			line := &lines[1+i]
			p, err := audit.Prove(tx, line)
			require.NoError(t, err)
			require.NoError(t, audit.CheckProof(p, line, w.keys))
			other := *line
			other.Actor.Name = "Bob"
			require.Error(t, audit.CheckProof(p, &other, w.keys))
			require.Error(t, audit.CheckProof(p, &lines[0], w.keys))
			broken := *p
			broken.Index++
			require.Error(t, audit.CheckProof(&broken, line, w.keys))
			broken = *p
			broken.Seal.Count++
			require.Error(t, audit.CheckProof(&broken, line, w.keys))
			require.Error(t, audit.CheckProof(p, line, &keys{}))
		}
		return nil
	})
	w.in(w.theirs, func(tx *postgres.Tx) error {
		_, err := audit.Prove(tx, &lines[5])
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		_, err = audit.Get(tx, lines[5].ID)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		return nil
	})
	require.Empty(t, w.list(w.theirs, audit.Filter{}))
	require.Empty(t, w.list(w.theirs, audit.Filter{Text: "player"}))
	r, err := audit.Verify(t.Context(), audit.InTenant(w.db, w.theirs), w.mine.Tenant(), audit.VerifyOptions{Verifier: w.keys})
	require.NoError(t, err)
	require.Zero(t, r.Seals, "another's chain is not there")
}

// anchored says up to which seal the tenant's chain is in the outside store, and why no further.
func anchored(tx *postgres.Tx) (number int64, failure string, err error) {
	err = tx.QueryRow(tx.Context(), `select number, error from audit_anchors where tenant_id = $1`, tx.TenantID()).Scan(&number, &failure)
	return number, failure, err
}
