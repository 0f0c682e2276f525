package audit

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"
)

// settle verifies that, among the ids that became settled since, there is no
// event in the table beside those of the seals.
func (v *verification) settle(ctx context.Context, tx Rows, since int64) error {
	settled := v.before.Settled
	if settled <= since {
		return nil
	}
	rows, err := tx.Query(ctx, `select id from audit_events where tenant_id = $1 and id > $2 and id <= $3 order by id`, v.tenant, since, settled)
	if err != nil {
		return err
	}
	slices.Sort(v.open)
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		if _, sealed := slices.BinarySearch(v.open, id); !sealed {
			v.found(EventForged, 0, id, "event %s is in no seal, where every event has been sealed: it was added past the service", idText(id))
		}
		return nil
	}); err != nil {
		return err
	}
	n, _ := slices.BinarySearch(v.open, settled+1)
	v.open = slices.Delete(v.open, 0, n)
	return nil
}

// tail looks at what is not settled at the end of the chain.
func (v *verification) tail(ctx context.Context, tx Rows) error {
	rows, err := tx.Query(ctx, `select id, at from audit_events where tenant_id = $1 and id > $2 order by id`, v.tenant, v.before.Settled)
	if err != nil {
		return err
	}
	slices.Sort(v.open)
	old := v.o.Now().Add(-overdue)
	var id int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		_, sealed := slices.BinarySearch(v.open, id)
		switch {
		case sealed:
		case id <= v.before.Last && v.before.At.Before(old):
			v.found(EventForged, 0, id, "event %s is in no seal, and later ones are: it was added past the service", idText(id))
		case at.Before(old):
			v.found(EventUnsealed, 0, id, "event %s of %s is in no seal: sealing does not run, or the end of the chain was cut off",
				idText(id), at.Format(time.RFC3339))
		default:
			v.Waiting++
		}
		return nil
	})
	return err
}

// rules verifies what policies and expiries say.
func (v *verification) rules(l *link) {
	switch l.Kind {
	case SealEvents:
		return
	case SealPolicy:
		v.days, v.since = l.Days, l.At
		return
	}
	wrong := func(what string) { v.found(BadExpiry, l.Number, 0, "seal %d lets events expire: %s", l.Number, what) }
	if l.Expires >= l.Number {
		wrong("those of seals that come after it")
	}
	if l.Days != v.days || v.days == 0 || l.At.Sub(v.since) < v.o.Notice {
		wrong("without a policy that was in the chain for long enough")
	}
	v.leaving = append(v.leaving, leave{seal: l.Number, upto: l.Expires, before: l.At.Add(-time.Duration(l.Days) * 24 * time.Hour)})
}

// leave is an expiry whose seals have to be old enough.
type leave struct {
	seal, upto int64
	before     time.Time
}

// leavings verifies that what has left was old enough.
func (v *verification) leavings(ctx context.Context, tx Rows) error {
	for _, e := range v.leaving {
		var young bool
		err := tx.QueryRow(ctx, `select exists (select from audit_seals where tenant_id = $1 and number = $2 and (at >= $3 or newest >= $3))`,
			v.tenant, e.upto, e.before).Scan(&young)
		if err != nil {
			return err
		}
		if young {
			v.found(BadExpiry, e.seal, 0, "seal %d lets events expire that were not old enough", e.seal)
		}
	}
	v.leaving = nil
	return nil
}

// anchorReader goes through the anchors of a tenant in the order of their seals.
type anchorReader struct {
	bucket *blob.Bucket
	list   *blob.ListIterator
	next   *anchor
	key    string
	done   bool
}

func newAnchorReader(bucket *blob.Bucket, tenant int64) *anchorReader {
	return &anchorReader{bucket: bucket, list: bucket.List(&blob.ListOptions{Prefix: anchorPrefix(tenant)})}
}

// peek returns the next anchor, nil where there are no more. One that cannot be
// read is passed on by its key.
func (r *anchorReader) peek(ctx context.Context) (a *anchor, broken string, err error) {
	for r.next == nil && !r.done {
		object, err := r.list.Next(ctx)
		if errors.Is(err, io.EOF) {
			r.done = true
			break
		}
		if err != nil {
			return nil, "", err
		}
		if !strings.HasSuffix(object.Key, ".json") {
			continue
		}
		r.key = object.Key
		if r.next, err = readAnchor(ctx, r.bucket, object.Key); err != nil {
			return nil, object.Key, nil //nolint:nilerr // an object that is no anchor is a finding, not a failure to look
		}
	}
	return r.next, "", nil
}

func (r *anchorReader) take() { r.next = nil }

// anchored compares a seal with its anchor, if it has one.
func (v *verification) anchored(ctx context.Context, l *link) error {
	for v.anchors != nil {
		a, err := v.anchor(ctx)
		if err != nil || a == nil || a.Number > l.Number {
			return err
		}
		v.anchors.take()
		v.Anchors++
		switch {
		case a.Number < l.Number:
			v.found(TailMissing, a.Number, 0, "seal %d is in the outside store, and is gone here", a.Number)
		case a.Hash != l.hash() || a.Seal.hash() != a.Hash:
			v.found(AnchorDiffers, l.Number, 0, "seal %d is not as it is in the outside store", l.Number)
		}
	}
	return nil
}

// anchor is peek, with what cannot be read as a finding.
func (v *verification) anchor(ctx context.Context) (*anchor, error) {
	for {
		a, broken, err := v.anchors.peek(ctx)
		if err != nil || broken == "" {
			if a != nil && (a.Tenant != v.tenant || v.anchors.key != anchorKey(v.tenant, a.Number)) {
				v.found(AnchorBroken, 0, 0, "%s in the outside store is another seal's anchor", v.anchors.key)
				v.anchors.take()
				continue
			}
			return a, err
		}
		v.found(AnchorBroken, 0, 0, "%s in the outside store is no anchor", broken)
	}
}

// afterwards looks for anchors of seals beyond the end of the chain.
func (v *verification) afterwards(ctx context.Context) error {
	end := v.before.Number
	for {
		a, err := v.anchor(ctx)
		if err != nil || a == nil {
			return err
		}
		v.anchors.take()
		// Sealed and anchored while we were reading.
		if a.At.After(v.started) {
			continue
		}
		v.Anchors++
		v.found(TailMissing, a.Number, 0, "the chain ends with seal %d, and seal %d is in the outside store", end, a.Number)
	}
}
