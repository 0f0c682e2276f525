package tenant

import (
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// sameVersion refuses a change to something that is no longer as the caller saw
// it; a caller that saw nothing says 0.
func sameVersion(seen, is int64) error {
	if seen != 0 && seen != is {
		return fault.New(fault.PreconditionFailed, "it has changed meanwhile: read it again")
	}
	return nil
}

// actorOf names who acts in tx, as the log does.
func actorOf(tx *postgres.Tx) string {
	if s, ok := audit.From(tx.Context()); ok {
		return s.Actor.ID
	}
	return tx.Scope().Actor()
}
