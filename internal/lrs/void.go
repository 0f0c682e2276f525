package lrs

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// ReasonExtension names, in the context of a voiding statement, why.
const ReasonExtension = "https://stoa-lrs.github.io/xapi/extensions/reason"

// maxReason bounds a reason, in characters.
const maxReason = 1000

// Void stores a statement that voids the one with id and returns its own id.
// by is the person's agent, JSON; author the key that the store keeps for the
// console. The log is written first: nothing is voided that does not stand in
// it. NotFound: no such statement; Conflict: it is voided already, or voids
// itself; Invalid: the reason.
func (r *LRS) Void(ctx context.Context, v View, author Author, by json.RawMessage, id uuid.UUID, reason string) (uuid.UUID, error) {
	if n := utf8.RuneCountInString(reason); n < 3 || n > maxReason || !utf8.ValidString(reason) {
		return uuid.Nil, fault.New(fault.Invalid, "the reason is needed: 3 to %d characters", maxReason)
	}
	voider := uuid.New()
	event := audit.Event{
		Type: audit.StatementVoided, Target: audit.Target{Kind: "statement", ID: id.String()},
		Details: map[string]any{"store": v.Slug, "reason": reason, "voided_by": voider.String()},
	}
	err := r.db.Tenant(ctx, v.Scope, func(tx *postgres.Tx) error {
		l, err := r.loadID(ctx, tx, v.read(), id)
		if err != nil {
			return err
		}
		if l == nil {
			return fault.New(fault.NotFound, "there is no such statement")
		}
		s, err := xapi.TermsOf(l.text)
		switch {
		case err != nil:
			return err
		case l.voided:
			return fault.New(fault.Conflict, "the statement is voided already")
		case s.Voids:
			return fault.New(fault.Conflict, "a voiding statement cannot be voided (xAPI 1.0.3 Data 2.3.2)")
		}
		return audit.Record(tx, event)
	})
	if err != nil {
		return uuid.Nil, err
	}
	text, err := json.Marshal(map[string]any{
		"id": voider.String(), "actor": by,
		"verb":    map[string]any{"id": xapi.VoidedVerb, "display": map[string]string{"en": "voided"}},
		"object":  map[string]string{"objectType": "StatementRef", "id": id.String()},
		"context": map[string]any{"extensions": map[string]string{ReasonExtension: reason}},
	})
	if err != nil {
		return uuid.Nil, err
	}
	batch, err := xapi.Decode(text, xapi.V2, xapi.Limits{})
	if err == nil {
		_, err = r.Commit(ctx, Write{author, batch})
	}
	if err == nil {
		return voider, nil
	}
	event.Outcome = audit.Failure
	told := r.db.Tenant(context.WithoutCancel(ctx), v.Scope, func(tx *postgres.Tx) error { return audit.Record(tx, event) })
	if told != nil {
		r.log.Error("the log does not say that a voiding failed", "statement", id, "error", told)
	}
	return uuid.Nil, err
}
