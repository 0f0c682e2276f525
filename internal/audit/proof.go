package audit

import (
	"bytes"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Proof shows that an event is in a signed seal: hash the leaf, go up the path
// to the seal's root, check the signature of the seal's header. docs/audit.md
// tells how to do it by hand.
type Proof struct {
	Event string `json:"event"` // id
	Leaf  []byte `json:"leaf"`  // the event's canonical encoding
	Index int    `json:"index"` // of the leaf in the seal, from 0
	Path  []hash `json:"path"`  // from the leaf upwards
	Seal  Seal   `json:"seal"`
	Hash  hash   `json:"hash"` // of the whole seal: what the next one, and an anchor, has
}

// Prove returns the proof of one event. NotFound: there is no such event, or it
// is not sealed yet, which takes about a second. Conflict: it is not as it was
// when it was sealed.
func Prove(tx *postgres.Tx, line *Line) (*Proof, error) {
	l, i, err := sealOf(tx, line.ID)
	if err != nil {
		return nil, err
	}
	leaves := l.hashes()
	leaf := line.Leaf()
	if hashLeaf(leaf) != leaves[i] {
		return nil, fault.New(fault.Conflict, "the event is not as it was when it was sealed: verify the log")
	}
	return &Proof{Event: idText(line.ID), Leaf: leaf, Index: i, Path: merklePath(leaves, i), Seal: l.Seal, Hash: l.hash()}, nil
}

// sealOf returns the seal that covers an event, and which of its leaves it is.
func sealOf(tx *postgres.Tx, event int64) (*link, int, error) {
	missing := fault.New(fault.NotFound, "the event is in no seal yet")
	ctx := tx.Context()
	// Not before the seals have reached its id, and not after they say that it is settled.
	var from int64
	err := tx.QueryRow(ctx, `select coalesce((select number from audit_seals where tenant_id = $1 and last >= $2 order by last, number limit 1), 0)`,
		tx.TenantID(), event).Scan(&from)
	if err != nil {
		return nil, 0, err
	}
	for from > 0 {
		rows, err := tx.Query(ctx, `select `+sealColumns+` from audit_seals where tenant_id = $1 and number >= $2 order by number limit 8`, tx.TenantID(), from)
		if err != nil {
			return nil, 0, err
		}
		seals, err := pgx.CollectRows(rows, scanSeal)
		if err != nil {
			return nil, 0, err
		}
		for i := range seals {
			if at, found := slices.BinarySearch(seals[i].ids, event); found && 32*len(seals[i].ids) == len(seals[i].leaves) {
				return &seals[i], at, nil
			}
			from = seals[i].Number + 1
			if seals[i].Settled >= event && i > 0 {
				return nil, 0, missing
			}
		}
		if len(seals) == 0 {
			break
		}
	}
	return nil, 0, missing
}

// CheckProof reports what is wrong with p as a proof of line; nil: line is in a
// seal that is signed by a key that v knows. It needs nothing but its arguments.
func CheckProof(p *Proof, line *Line, v Verifier) error {
	if !bytes.Equal(p.Leaf, line.Leaf()) || p.Event != idText(line.ID) {
		return fault.New(fault.Conflict, "the proof is another event's, or the event has been changed")
	}
	if p.Seal.Tenant != line.Tenant {
		return fault.New(fault.Conflict, "the seal is another tenant's")
	}
	root, ok := rootOf(hashLeaf(p.Leaf), p.Index, p.Seal.Count, p.Path)
	if !ok || root != p.Seal.Root {
		return fault.New(fault.Conflict, "the path does not lead from the event to the seal's root")
	}
	if err := v.Verify(p.Seal.Key, p.Seal.encode(), p.Seal.Signature); err != nil {
		switch fault.KindOf(err) {
		case fault.Unavailable:
			return err
		case fault.Invalid:
			return fault.Wrap(fault.Conflict, err, "the seal's signature is wrong")
		}
		return fault.Wrap(fault.Conflict, err, "the seal is signed with a key that is not known: %.100q", p.Seal.Key)
	}
	if p.Hash != p.Seal.hash() {
		return fault.New(fault.Conflict, "the hash is not that of the seal")
	}
	return nil
}
