package authz

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Wanted is a role that a member shall have by the word of a provider or a
// directory.
type Wanted struct {
	Role  string
	Store int64 // 0: the whole tenant
}

// SyncGrants makes the grants of that source be what is wanted, and reports
// whether anything changed (then Announce). Grants of other sources stay. What
// is wanted of roles or stores that do not exist is left out, and so is what is
// beyond 200 grants. The last admin keeps that grant, against the provider's
// word, which the log says. NotFound: the member.
func SyncGrants(tx *postgres.Tx, member int64, source GrantSource, wanted []Wanted, now time.Time) (changed bool, err error) {
	if source != SSO && source != FromSCIM {
		return false, fault.New(fault.Internal, "grants of source %q are not kept by anybody else", source)
	}
	name, err := memberName(tx, member)
	if err != nil {
		return false, err
	}
	// Most sign-ins change nothing: then nobody need wait, nor read again.
	if give, takes, err := difference(tx, member, source, wanted); err != nil || len(give)+len(takes) == 0 {
		return false, err
	}
	if err := Touch(tx); err != nil {
		return false, err
	}
	gives, takes, err := difference(tx, member, source, wanted)
	if err != nil {
		return false, err
	}
	for _, w := range gives {
		if _, err := give(tx, NewGrant{Member: member, Role: w.Role, Store: w.Store, Source: source}, name, now); err != nil {
			return false, err
		}
	}
	for i := range takes {
		last, err := isLastAdmin(tx, &takes[i])
		if err != nil {
			return false, err
		}
		if last {
			err = recordGrant(tx, audit.GrantKept, &takes[i], name)
		} else {
			changed, err = true, take(tx, &takes[i], name)
		}
		if err != nil {
			return false, err
		}
	}
	return changed || len(gives) > 0, nil
}

// difference compares what is wanted with what there is.
func difference(tx *postgres.Tx, member int64, source GrantSource, wanted []Wanted) (gives []Wanted, takes []Grant, err error) {
	has, err := selectGrants(tx, `where tenant_id = $1 and member_id = $2 and source = $3 order by id`, member, string(source))
	if err != nil {
		return nil, nil, err
	}
	open := map[Wanted]bool{} // wanted, and not found yet
	for _, w := range wanted {
		if _, seen := open[w]; seen || len(open) >= maxGrants {
			continue
		}
		there, err := exists(tx, w)
		if err != nil {
			return nil, nil, err
		}
		open[w] = there
	}
	for _, g := range has {
		w := Wanted{g.Role, g.Store}
		if open[w] {
			open[w] = false
		} else {
			takes = append(takes, g)
		}
	}
	for _, w := range wanted { // in its order
		if open[w] {
			gives, open[w] = append(gives, w), false
		}
	}
	return gives, takes, nil
}

func exists(tx *postgres.Tx, w Wanted) (bool, error) {
	if _, err := grantedBy(tx, w.Role); err != nil {
		return false, ignore(err)
	}
	err := requireStore(tx, w.Store)
	return err == nil, ignore(err)
}

// ignore drops what says that something does not exist.
func ignore(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// isLastAdmin reports whether g is the grant without which the tenant would
// have no admin.
func isLastAdmin(tx *postgres.Tx, g *Grant) (last bool, err error) {
	err = tx.QueryRow(tx.Context(), `select `+hasAdmin+` and not `+otherAdmin, tx.TenantID(), g.ID).Scan(&last)
	return last, err
}

// otherAdmin is hasAdmin without one grant.
var otherAdmin = hasAdmin[:len(hasAdmin)-1] + ` and g.id <> $2)`
