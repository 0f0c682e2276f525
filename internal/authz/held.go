package authz

import (
	"slices"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Giver is who gives a grant or makes a role: nobody gives what they do not
// hold. The zero Giver holds nothing.
type Giver struct {
	Subject string   // see Request
	Only    []Action // what a token is limited to; nil: no limit
	trusted bool
}

// Trusted is the giver that no person stands behind: the shell, the mapping of
// the provider's groups, a recovery link.
var Trusted = Giver{trusted: true}

// is reports whether the giver is that member of the tenant; ids are random, so
// an operator who is inside has none of a member's.
func (by Giver) is(member int64) bool {
	person, ok := personOf(by.Subject)
	return ok && !by.trusted && person == member
}

// KeyScopesNeed lists what the issuer of an API key must hold in its store for
// as long as the key lasts, besides keys.manage: a key that can read everybody's
// statements takes them out in bulk.
func KeyScopesNeed(scopes Scopes) []Action {
	if scopes.Permits(StatementsRead) && !scopes.OnlyOwnStatements() {
		return []Action{StatementsExport}
	}
	return nil
}

// KeptKeyNeeds lists what somebody must hold likewise to get the secret of a key
// that exists, or to change what it permits: what reads its own statements only
// reads, by then, all that others have written with it.
func KeptKeyNeeds(scopes Scopes) []Action {
	if scopes.Permits(StatementsRead) {
		return []Action{StatementsExport}
	}
	return nil
}

func lacking(actions []Action) error {
	if len(actions) == 0 {
		return nil
	}
	names := make([]string, len(actions))
	for i, a := range actions {
		names[i] = string(a)
	}
	slices.Sort(names)
	return fault.New(fault.Forbidden, "nobody can give what they do not hold themselves; you lack %s there", strings.Join(names, ", "))
}

// RequireHeld returns nil when by may do all the actions in that store (0: the
// whole tenant), else Forbidden with those that are missing. until is the end of
// what is given, nil for ever: a member must hold it that long. An operator who
// is inside a client's tenant holds nothing for long, and may give for ever.
// Where tx was touched, nothing changes meanwhile.
func RequireHeld(tx *postgres.Tx, by Giver, store int64, actions []Action, now time.Time, until *time.Time) error {
	if by.trusted || len(actions) == 0 {
		return nil
	}
	person, ok := personOf(by.Subject)
	if !ok {
		return lacking(actions)
	}
	var missing []Action
	for _, at := range []time.Time{now, endOf(until)} {
		s, err := load(tx, at, person)
		if err != nil {
			return err
		}
		if !at.Equal(now) && isOperator(by.Subject) && !s.platform {
			break
		}
		for _, a := range actions {
			d, err := s.decideIn(Request{Subject: by.Subject, Store: store, Action: a, Only: by.Only})
			if err != nil {
				return err
			}
			if !d.allowed && !slices.Contains(missing, a) {
				missing = append(missing, a)
			}
		}
	}
	return lacking(missing)
}

// RequireAdminHeld is RequireHeld, for ever, of all that runs the tenant: for
// whoever says who people are. A provider or a directory of one's own lets its
// maker come as any member, and in any group that is mapped.
func RequireAdminHeld(tx *postgres.Tx, by Giver, now time.Time) error {
	ofPlatform, err := isPlatform(tx)
	if err != nil {
		return err
	}
	role := TenantAdmin
	if ofPlatform {
		role = Operator
	}
	return RequireHeld(tx, by, 0, actionsOfBuiltIn(role), now, nil)
}

// endOf is the last moment before until, or one when only what lasts for ever
// is left.
func endOf(until *time.Time) time.Time {
	if until == nil {
		return time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return until.Add(-time.Microsecond)
}

// personOf returns the member that a subject names, of the tenant or of the platform.
func personOf(subject string) (member int64, ok bool) {
	kind, text, _ := strings.Cut(subject, ":")
	if kind != "member" && kind != "operator" {
		return 0, false
	}
	return id.Parse(text)
}

// signIn is who gives what a sign-in brings, before the log knows who comes.
const signIn = "sign-in"

// actor is how the log names whoever asked, e.g. member:h4k2m9q0, or signIn.
func actor(tx *postgres.Tx) string {
	s, ok := audit.From(tx.Context())
	switch {
	case ok && s.Actor.Kind == audit.ByAnonymous:
		return signIn
	case ok && s.Actor.ID != "":
		return s.Actor.ID
	}
	return tx.Scope().Actor()
}
