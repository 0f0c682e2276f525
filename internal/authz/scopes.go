// Package authz decides what a principal may do. For API keys that is a bitmask
// of xAPI scopes, without any lookup (scopes.go). For people it is roles and
// grants: Policies keeps a snapshot of each tenant's and asks casbin, in one
// place (snapshot.go). It owns actions, roles, grants, operators' entries, the
// access review, and the order in which changes of them happen (touch.go). It
// never reads a request, never authenticates, and lets nobody write policies
// but through the functions here.
//
// Its data lives in the tables roles, grants, policy_versions and entries; it
// reads members, ended_sessions, tenant_settings, stores and keys.
package authz

import (
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Scopes is a set of xAPI scopes (xAPI 1.0.3 Communication 4.2). The zero value
// permits only what everybody may do.
type Scopes uint16

// The scopes of the specification's table.
//
// define does not write profile documents: the specification gives it the
// representation of activities and actors that the LRS keeps by itself from
// statements. A key without it may write statements, but their definitions do
// not change what GET activities answers.
const (
	ScopeStatementsWrite    Scopes = 1 << iota // statements/write
	ScopeStatementsRead                        // statements/read
	ScopeStatementsReadMine                    // statements/read/mine: what this key wrote
	ScopeState                                 // state: read and write
	ScopeDefine                                // define
	ScopeProfile                               // profile: read and write
	ScopeAllRead                               // all/read
	ScopeAll                                   // all
)

// every scope by its name, in the order in which sets are printed.
var scopeNames = []struct {
	scope Scopes
	name  string
}{
	{ScopeStatementsWrite, "statements/write"},
	{ScopeStatementsRead, "statements/read"},
	{ScopeStatementsReadMine, "statements/read/mine"},
	{ScopeState, "state"},
	{ScopeDefine, "define"},
	{ScopeProfile, "profile"},
	{ScopeAllRead, "all/read"},
	{ScopeAll, "all"},
}

// permits says which scopes are enough for an action; any one of them is.
//
// The specification leaves open who may read activities and agents. A merged
// definition is no personal data and content needs it to show titles, so any
// scope that concerns activities reads it. A person's names come from
// everybody's statements, so statements/read/mine does not reach them, while
// profile does: cmi5 content looks its learner up with it (cmi5 11, agent profile).
var permits = map[Action]Scopes{
	StatementsWrite:  ScopeStatementsWrite | ScopeAll,
	StatementsRead:   ScopeStatementsRead | ScopeStatementsReadMine | ScopeAllRead | ScopeAll,
	StateRead:        ScopeState | ScopeAllRead | ScopeAll,
	StateWrite:       ScopeState | ScopeAll,
	ProfileRead:      ScopeProfile | ScopeAllRead | ScopeAll,
	ProfileWrite:     ScopeProfile | ScopeAll,
	ActivitiesRead:   ScopeStatementsRead | ScopeStatementsReadMine | ScopeState | ScopeDefine | ScopeProfile | ScopeAllRead | ScopeAll,
	ActivitiesDefine: ScopeDefine | ScopeAll,
	AgentsRead:       ScopeStatementsRead | ScopeProfile | ScopeAllRead | ScopeAll,
}

// ParseScopes returns the set of the named scopes; a name may stand twice.
// Unknown names, and no name at all, are Invalid.
func ParseScopes(names []string) (Scopes, error) {
	var s Scopes
	for _, name := range names {
		one, ok := scopeOf(name)
		if !ok {
			return 0, fault.New(fault.Invalid, "%q is no xAPI scope; the scopes are %s", name, strings.Join(allNames(), ", "))
		}
		s |= one
	}
	if s == 0 {
		return 0, fault.New(fault.Invalid, "no scope; the scopes are %s", strings.Join(allNames(), ", "))
	}
	return s, nil
}

func scopeOf(name string) (Scopes, bool) {
	for _, n := range scopeNames {
		if n.name == name {
			return n.scope, true
		}
	}
	return 0, false
}

func allNames() []string { return (ScopeAll<<1 - 1).Names() }

// Names lists the scopes of s by name, in the specification's order.
func (s Scopes) Names() []string {
	var names []string
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String lists the scopes of s separated by spaces, as OAuth writes them.
func (s Scopes) String() string { return strings.Join(s.Names(), " ") }

// Has reports whether every scope of other is in s. It compares names only:
// all does not contain state. For what is allowed, ask Permits.
func (s Scopes) Has(other Scopes) bool { return s&other == other }

// With returns the union of s and other.
func (s Scopes) With(other Scopes) Scopes { return s | other }

// Without returns s less the scopes of other.
func (s Scopes) Without(other Scopes) Scopes { return s &^ other }

// Permits reports whether a holder of s may do a. About is for everybody; an
// unknown action is for nobody.
func (s Scopes) Permits(a Action) bool { return a == AboutRead || s&permits[a] != 0 }

// OnlyOwnStatements reports whether StatementsRead is permitted for nothing but
// the statements that the key itself wrote (statements/read/mine).
func (s Scopes) OnlyOwnStatements() bool {
	return s&permits[StatementsRead] == ScopeStatementsReadMine
}

// Permitted lists the actions of an xAPI request that s permits, sorted.
func (s Scopes) Permitted() []Action {
	actions := []Action{AboutRead}
	for a := range permits {
		if s.Permits(a) {
			actions = append(actions, a)
		}
	}
	slices.Sort(actions)
	return actions
}
