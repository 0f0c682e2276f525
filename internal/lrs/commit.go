package lrs

import (
	"context"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Write is one statements request: it is stored as a whole or not at all.
type Write struct {
	Author Author
	Batch  *xapi.Batch
}

// Commit stores w and returns the statements' ids in the order of the batch;
// when it returns, they survive a crash of everything. A statement that the
// store already has is accepted again without a change (xAPI 1.0.3 Data 2.3.1).
//
// Errors: Conflict, an id is taken by a different statement; Invalid, a
// statement voids one that voids; Unavailable, the outcome is unknown or
// nothing was stored, and the same request may be sent again.
func (r *LRS) Commit(ctx context.Context, w Write) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(w.Batch.Statements))
	if len(ids) == 0 {
		return ids, nil
	}
	dicts, err := r.dicts.current(ctx, w.Author)
	if err != nil {
		return nil, err
	}
	dict := dicts.dictionary.Load()
	p := &pending{ctx: ctx, done: make(chan error, 1), rows: make([]row, len(ids))}
	for i := range w.Batch.Statements {
		s := &w.Batch.Statements[i]
		if s.ID == uuid.Nil {
			s.ID = uuid.New() // version 4: two widespread clients refuse others
		}
		ids[i] = s.ID
		p.rows[i] = newRow(w.Author, dict, s)
		r.dicts.trainer.observe(dicts, dict, s, len(p.rows[i].payload))
		p.bytes += len(p.rows[i].payload)
	}
	p.definitions = r.definitions.unseen(w.Author, w.Batch.Statements)
	if err := r.committer.room.enter(p); err != nil {
		return nil, err
	}
	select {
	case err := <-p.done:
		if err != nil {
			return nil, err
		}
		return ids, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the request ended before its statements were stored; send it again")
	}
}
