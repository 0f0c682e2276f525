package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Kind says what is wrong with a chain.
type Kind string

// What Verify finds.
const (
	EventChanged   Kind = "event_changed"   // not as it was when it was sealed
	EventMissing   Kind = "event_missing"   // sealed, and gone, and no signed record says so
	EventForged    Kind = "event_forged"    // in no seal, where all events are sealed
	EventUnsealed  Kind = "event_unsealed"  // in no seal for too long: sealing does not run, or seals were cut off
	EventBackdated Kind = "event_backdated" // sealed, with a time that is not when it was written
	EventReturned  Kind = "event_returned"  // there, although it has expired
	SealChanged    Kind = "seal_changed"    // its parts do not agree
	SealMissing    Kind = "seal_missing"    // a number is left out
	ChainBroken    Kind = "chain_broken"    // does not have the hash of the seal before
	BadSignature   Kind = "signature_wrong" // not signed by the key that it names
	KeyUnknown     Kind = "key_unknown"     // signed by a key that is not the platform's
	BadExpiry      Kind = "expiry_wrong"    // events left earlier than the chain allows
	AnchorDiffers  Kind = "anchor_differs"  // the outside store has another seal of that number
	TailMissing    Kind = "tail_missing"    // the outside store has seals that are gone
	AnchorBroken   Kind = "anchor_unreadable"
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind  Kind   `json:"kind"`
	Seal  int64  `json:"seal"`            // number; 0: of no seal
	Event string `json:"event,omitempty"` // id
	Text  string `json:"text"`            // for people
}

// Report is what Verify found.
type Report struct {
	OK       bool      `json:"ok"`
	Seals    int64     `json:"seals"`
	Events   int64     `json:"events"`             // that are sealed, there, and as they were
	Expired  int64     `json:"expired_up_to_seal"` // by policy, as signed records in the chain say; 0: none
	Waiting  int64     `json:"waiting"`            // too new to be sealed
	Anchors  int64     `json:"anchors"`            // compared
	Head     hash      `json:"head"`               // of the last seal
	At       time.Time `json:"at"`                 // of the last seal
	Problems int64     `json:"problems"`
	Findings []Finding `json:"findings"` // the first 100, in the order of the chain
}

const findingsMax = 100

// Reading runs fn in a transaction that sees the log of the tenant to be
// verified; it is called many times, for one transaction would last too long.
type Reading func(ctx context.Context, fn func(Rows) error) error

// Rows is what verifying asks of a transaction.
type Rows interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// InTenant reads as scope's tenant.
func InTenant(db *postgres.DB, scope postgres.Scope) Reading {
	return func(ctx context.Context, fn func(Rows) error) error {
		return db.TenantRead(ctx, scope, func(tx *postgres.Tx) error { return fn(tx) })
	}
}

// VerifyOptions say against what a chain is held.
type VerifyOptions struct {
	Verifier Verifier
	Anchors  *blob.Bucket  // nil: no comparison
	Notice   time.Duration // of retention, as in SealerConfig; 0 is 7 days
	Now      func() time.Time
	Progress func(seals, events int64) // told now and then how many are verified; nil: nobody
}

const (
	// overdue is when an event must be sealed at the latest, and by how much
	// its time may differ from those of its neighbours.
	overdue    = 5 * time.Minute
	sealsARead = 8 // and their events
)

// verification is one run of Verify.
type verification struct {
	Report
	o       VerifyOptions
	read    Reading
	tenant  int64
	anchors *anchorReader

	before  Seal    // the last seal, as it stands there
	head    hash    // its hash
	open    []int64 // sealed ids that are not settled yet
	days    int     // the policy in force
	since   time.Time
	leaving []leave
	started time.Time
	lists   listing
}

// Verify follows a tenant's whole chain: every seal's signature and place in
// it, every event against its seal, that there is no event beside them, and that
// the lists that searches go by lead to them. It reports what it finds; an error
// says that it could not look. Memory is bounded by a segment and what is
// written in some minutes.
func Verify(ctx context.Context, read Reading, tenant int64, o VerifyOptions) (*Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Notice <= 0 {
		o.Notice = 7 * 24 * time.Hour
	}
	v := &verification{o: o, read: read, tenant: tenant, started: o.Now(), Report: Report{Findings: []Finding{}}}
	if o.Anchors != nil {
		v.anchors = newAnchorReader(o.Anchors, tenant)
	}
	err := read(ctx, func(tx Rows) (err error) {
		if v.Expired, err = expired(ctx, tx, tenant); err != nil {
			return err
		}
		return v.beginLists(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	for more := true; more; {
		if err := read(ctx, func(tx Rows) error { more, err = v.next(ctx, tx); return err }); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(v.Seals, v.Events)
		}
	}
	if err := read(ctx, func(tx Rows) error { return first(v.tail(ctx, tx), v.endLists(ctx, tx)) }); err != nil {
		return nil, err
	}
	if v.anchors != nil {
		if err := v.afterwards(ctx); err != nil {
			return nil, err
		}
	}
	v.Head, v.At, v.OK = v.head, v.before.At, v.Problems == 0
	return &v.Report, nil
}

func (v *verification) found(kind Kind, seal, event int64, format string, args ...any) {
	v.Problems++
	if len(v.Findings) >= findingsMax {
		return
	}
	f := Finding{Kind: kind, Seal: seal, Text: fmt.Sprintf(format, args...)}
	if event != 0 {
		f.Event = idText(event)
	}
	v.Findings = append(v.Findings, f)
}

// next verifies some more seals; false: there are no more.
func (v *verification) next(ctx context.Context, tx Rows) (bool, error) {
	rows, err := tx.Query(ctx, `select `+sealColumns+` from audit_seals where tenant_id = $1 and number > $2 order by number limit $3`,
		v.tenant, v.before.Number, sealsARead)
	if err != nil {
		return false, err
	}
	seals, err := pgx.CollectRows(rows, scanSeal)
	if err != nil {
		return false, err
	}
	if len(seals) > 0 {
		if err := v.segments(ctx, tx, seals[len(seals)-1].Number); err != nil {
			return false, err
		}
	}
	settled := v.before.Settled
	for i := range seals {
		if err := v.seal(ctx, tx, &seals[i]); err != nil {
			return false, err
		}
	}
	if err := v.settle(ctx, tx, settled); err != nil {
		return false, err
	}
	if err := v.leavings(ctx, tx); err != nil {
		return false, err
	}
	return len(seals) == sealsARead, nil
}

// seal verifies one seal and its events.
func (v *verification) seal(ctx context.Context, tx Rows, l *link) error {
	v.Seals++
	n := l.Number
	switch {
	case n == v.before.Number+2:
		v.found(SealMissing, n-1, 0, "seal %d is missing", n-1)
	case n > v.before.Number+2:
		v.found(SealMissing, v.before.Number+1, 0, "seals %d to %d are missing", v.before.Number+1, n-1)
	}
	if l.Previous != v.head {
		v.found(ChainBroken, n, 0, "seal %d does not follow from the seal before it, as that is now", n)
	}
	if err := v.o.Verifier.Verify(l.Key, l.encode(), l.Signature); err != nil {
		switch fault.KindOf(err) {
		case fault.Unavailable:
			return err
		case fault.Invalid:
			v.found(BadSignature, n, 0, "seal %d is not what was signed", n)
		default:
			v.found(KeyUnknown, n, 0, "seal %d is signed with a key that is not known: %.100q", n, l.Key)
		}
	}
	v.agrees(l)
	if err := v.anchored(ctx, l); err != nil {
		return err
	}
	there, err := v.events(ctx, tx, l)
	if err != nil {
		return err
	}
	if err := v.listed(ctx, tx, l, there); err != nil {
		return err
	}
	v.rules(l)
	v.before, v.head = l.Seal, l.hash()
	return nil
}

// agrees verifies that the parts of a seal fit each other and the seal before.
func (v *verification) agrees(l *link) {
	hashes := l.hashes()
	wrong := func(what string) { v.found(SealChanged, l.Number, 0, "seal %d: %s", l.Number, what) }
	if len(l.leaves) != sha256.Size*len(l.ids) {
		wrong("it has not a leaf for each event")
	} else if merkleRoot(hashes) != l.Root {
		wrong("its root is not that of its leaves")
	}
	last := v.before.Last
	for i, id := range l.ids {
		if i > 0 && id <= l.ids[i-1] {
			wrong("its events are not in order")
			break
		}
		last = max(last, id)
	}
	if len(l.ids) > 0 && l.ids[0] <= v.before.Settled {
		wrong("it covers an event that should have been in a seal before")
	}
	if l.Total != v.before.Total+int64(len(l.ids)) || l.Last != last || l.Settled < v.before.Settled || l.At.Before(v.before.At) || l.Newest.Before(v.before.Newest) {
		wrong("what it counts does not follow from the seal before")
	}
}

// events verifies that the events of a seal are there and as they were, or have expired.
// It returns them.
func (v *verification) events(ctx context.Context, tx Rows, l *link) (of sealed, err error) {
	v.open = append(v.open, l.ids...)
	of.seal = l.Number
	if l.Number <= v.Expired {
		of.others = l.ids
		return of, v.gone(ctx, tx, l)
	}
	lines, err := linesOf(ctx, tx, v.tenant, l.ids)
	if err != nil {
		return of, err
	}
	if len(lines) < len(l.ids) {
		// They may have left while we were on the way.
		if v.Expired, err = expired(ctx, tx, v.tenant); err != nil {
			return of, err
		}
		if l.Number <= v.Expired {
			of.others = l.ids
			return of, v.gone(ctx, tx, l)
		}
	}
	hashes := l.hashes()
	var buffer []byte
	next := 0
	for i, id := range l.ids {
		if next == len(lines) || lines[next].ID != id {
			v.found(EventMissing, l.Number, id, "event %s of seal %d is gone", idText(id), l.Number)
			of.others = append(of.others, id)
			continue
		}
		line := &lines[next]
		next++
		buffer = line.encode(buffer[:0])
		switch {
		case i >= len(hashes) || hashLeaf(buffer) != hashes[i]:
			v.found(EventChanged, l.Number, id, "event %s of seal %d is not as it was when it was sealed", idText(id), l.Number)
			of.others = append(of.others, id)
			continue
		case v.before.Number > 0 && line.At.Before(v.before.Newest.Add(-overdue)):
			v.found(EventBackdated, l.Number, id, "event %s of seal %d says %s, and was written after %s", idText(id), l.Number,
				line.At.Format(time.RFC3339), v.before.Newest.Add(-overdue).Format(time.RFC3339))
		case line.At.After(l.At.Add(overdue)):
			v.found(EventBackdated, l.Number, id, "event %s of seal %d says %s, and was sealed at %s", idText(id), l.Number,
				line.At.Format(time.RFC3339), l.At.Format(time.RFC3339))
		}
		v.Events++
		of.lines = append(of.lines, *line)
	}
	return of, nil
}

// gone verifies that none of the events of an expired seal is there.
func (v *verification) gone(ctx context.Context, tx Rows, l *link) error {
	rows, err := tx.Query(ctx, `select id from audit_events where tenant_id = $1 and id = any($2) order by id`, v.tenant, l.ids)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	for _, id := range ids {
		v.found(EventReturned, l.Number, id, "event %s of seal %d has expired, and is there", idText(id), l.Number)
	}
	return err
}

// Event is what the log says of having been verified.
func (r *Report) Event() Event {
	e := Event{Type: AuditVerified, Details: map[string]any{
		"ok": r.OK, "seals": r.Seals, "events": r.Events, "problems": r.Problems, "head": r.Head, "expired_up_to_seal": r.Expired, "anchors": r.Anchors,
	}}
	if !r.OK {
		e.Outcome, e.Details["first"] = Failure, r.Findings[0]
	}
	return e
}
