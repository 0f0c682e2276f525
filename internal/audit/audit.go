// Package audit keeps the record of who saw, changed and took what. It owns the
// closed list of event types, writing an event in the transaction of what it
// tells of, sealing events into a signed hash chain, proving that chain, and
// reading the log. It never decides whether something is permitted.
//
// Its data lives in the tables audit_events and audit_seals, to which rows are
// only added; in audit_segments and audit_words, which can be made again from
// those; and in audit_anchors and audit_streams, which say what has been passed
// on to the outside. docs/audit.md tells how the chain works.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Actor is who did something. ID is the same text wherever the actor is named,
// e.g. "member:h4k2m9q0"; Name is for people, as it was then.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id"`
	Name string    `json:"name"`
}

// ActorKind says what an actor is.
type ActorKind string

// The kinds of actor.
const (
	ByMember    ActorKind = "member"    // a person, by session
	ByToken     ActorKind = "token"     // a person's access token: ID is the member's
	ByOperator  ActorKind = "operator"  // a person of the platform
	ByKey       ActorKind = "key"       // an API key
	BySCIM      ActorKind = "scim"      // the tenant's directory
	ByShell     ActorKind = "shell"     // whoever has a shell on the server
	BySystem    ActorKind = "system"    // the service itself
	ByAnonymous ActorKind = "anonymous" // somebody before signing in
)

// Source is where a request comes from: what every event of it has in common.
type Source struct {
	Actor     Actor
	Address   string // IP, "" unknown
	UserAgent string // as sent, cut to 400 bytes
	Session   string // public id of the session, never the cookie's value; "" none
	RequestID string
}

type sourceKey struct{}

// With returns a context whose transactions record events of s.
func With(ctx context.Context, s Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// From returns the source of ctx; false where there is none.
func From(ctx context.Context) (Source, bool) {
	s, ok := ctx.Value(sourceKey{}).(Source)
	return s, ok
}

// Target is what was acted upon.
type Target struct {
	Kind string `json:"kind"` // "key", "member", "store" …
	ID   string `json:"id"`
	Name string `json:"name"` // for people, as it was then; no learner's name
}

// Outcome says how it ended.
type Outcome string

// The outcomes. The zero Outcome is Success.
const (
	Success Outcome = "success"
	Denied  Outcome = "denied"  // refused for want of permission
	Failure Outcome = "failure" // did not work
)

// Event is one line of the log. Before, After and Details become JSON; secrets
// never belong there, nor what learners did.
type Event struct {
	Type    Type
	Actor   Actor // zero: that of the source; a sign-in learns only on the way who comes
	Target  Target
	Outcome Outcome
	Before  any            // what was changed, as it was; nil: nothing
	After   any            // and as it is now
	Details map[string]any // whatever else matters: query, rows, reason
}

// recordChunk is how many events one statement of RecordAll writes.
const recordChunk = 1000

// RecordAll is Record for many events, in their order.
func RecordAll(tx *postgres.Tx, events []Event) error {
	s := sourceOf(tx)
	for chunk := range slices.Chunk(events, recordChunk) {
		columns := make([][]string, 13)
		for _, e := range chunk {
			values, err := row(tx.TenantID(), s, e)
			if err != nil {
				return err
			}
			for i, value := range values[1:] {
				columns[i] = append(columns[i], value.(string))
			}
		}
		args := []any{tx.TenantID()}
		for _, column := range columns {
			args = append(args, column)
		}
		if _, err := tx.Exec(tx.Context(), insertAll, args...); err != nil {
			return err
		}
	}
	return nil
}

func sourceOf(tx *postgres.Tx) Source {
	s, ok := From(tx.Context())
	if !ok {
		s.Actor = Actor{BySystem, tx.Scope().Actor(), tx.Scope().Actor()}
	}
	return s
}

// Record writes e in tx: it is kept if and only if tx commits. The actor and
// the rest of the source are those of tx's context (With) unless e names an
// actor; without a source the actor is the scope's. A type that is not in the taxonomy is an error.
func Record(tx *postgres.Tx, e Event) error {
	values, err := row(tx.TenantID(), sourceOf(tx), e)
	if err != nil {
		return err
	}
	_, err = tx.Exec(tx.Context(), insert, values...)
	return err
}

// RecordOperator writes e into the log of a tenant, in a transaction of the
// operator's handle.
func RecordOperator(ctx context.Context, tx pgx.Tx, tenant int64, e Event) error {
	s, ok := From(ctx)
	if !ok {
		s.Actor = Actor{BySystem, "platform", "platform"}
	}
	values, err := row(tenant, s, e)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insert, values...)
	return err
}

const (
	insertInto = `insert into audit_events (tenant_id, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
		outcome, address, user_agent, session, request_id, details) `
	insert    = insertInto + `values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`
	insertAll = insertInto + `select $1, a, b, c, d, e, f, g, h, i, j, k, l, m
		from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
			$13::text[], $14::text[]) with ordinality as e (a, b, c, d, e, f, g, h, i, j, k, l, m, n) order by n`
)

// row returns the columns of insert.
func row(tenant int64, s Source, e Event) ([]any, error) {
	if !e.Type.known() {
		return nil, fmt.Errorf("audit: %q is not in the taxonomy", e.Type)
	}
	text, err := e.details()
	if err != nil {
		return nil, fmt.Errorf("audit: details of %s: %w", e.Type, err)
	}
	if e.Outcome == "" {
		e.Outcome = Success
	}
	if e.Actor != (Actor{}) {
		s.Actor = e.Actor
	}
	return []any{
		tenant, clean(string(s.Actor.Kind), 20), clean(s.Actor.ID, 200), clean(s.Actor.Name, 400), string(e.Type),
		clean(e.Target.Kind, 50), clean(e.Target.ID, 400), clean(e.Target.Name, 400),
		string(e.Outcome), clean(s.Address, 64), clean(s.UserAgent, 400), clean(s.Session, 100), clean(s.RequestID, 200), text,
	}, nil
}

// detailsMax is how many bytes of JSON an event may carry.
const detailsMax = 64 << 10

// details returns the JSON of everything about e that has no column, its keys
// sorted. What is too large is left out, value by value, and says so.
func (e Event) details() (string, error) {
	all := map[string]json.RawMessage{}
	add := func(name string, value any) error {
		text, err := json.Marshal(value)
		if len(text) > detailsMax/4 {
			text, err = json.Marshal(fmt.Sprintf("(%d bytes, left out)", len(text)))
		}
		all[name] = text
		return err
	}
	for name, value := range e.Details {
		if err := add(name, value); err != nil {
			return "", err
		}
	}
	if e.Before != nil {
		if err := add("before", e.Before); err != nil {
			return "", err
		}
	}
	if e.After != nil {
		if err := add("after", e.After); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(all)
	if err == nil && len(text) > detailsMax {
		text, err = json.Marshal(map[string]string{"details": fmt.Sprintf("(%d bytes, left out)", len(text))})
	}
	// JSON's own escape of U+0000 is no character of text in Postgres' JSON functions either; readers may cast the column.
	return clean(strings.ReplaceAll(string(text), `\u0000`, `\ufffd`), detailsMax), err
}
