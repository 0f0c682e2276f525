package authz

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

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
// word, which the log says when it begins. NotFound: the member.
func SyncGrants(tx *postgres.Tx, member int64, source GrantSource, wanted []Wanted, now time.Time) (changed bool, err error) {
	if source != SSO && source != FromSCIM {
		return false, fault.New(fault.Internal, "grants of source %q are not kept by anybody else", source)
	}
	name, err := memberName(tx, member)
	if err != nil {
		return false, err
	}
	// Most sign-ins change nothing: then nobody need wait, nor read again.
	if d, err := differenceOf(tx, member, source, wanted); err != nil || d.empty() {
		return false, err
	}
	if err := Touch(tx); err != nil {
		return false, err
	}
	d, err := differenceOf(tx, member, source, wanted)
	if err != nil {
		return false, err
	}
	if _, err := tx.Exec(tx.Context(), `update grants set kept_since = null where tenant_id = $1 and id = any ($2)`, tx.TenantID(), d.again); err != nil {
		return false, err
	}
	for _, w := range d.gives {
		if _, err := give(tx, NewGrant{Member: member, Role: w.Role, Store: w.Store, Source: source}, name, now); err != nil {
			return false, err
		}
	}
	for i := range d.takes {
		last, err := isLastAdmin(tx, &d.takes[i])
		if err != nil {
			return false, err
		}
		if last {
			err = keep(tx, &d.takes[i], name, now)
		} else {
			changed, err = true, take(tx, &d.takes[i], name)
		}
		if err != nil {
			return false, err
		}
	}
	return changed || len(d.gives) > 0, nil
}

// keep marks a grant that stays against its source's word, and tells the log.
func keep(tx *postgres.Tx, g *Grant, memberName string, now time.Time) error {
	if _, err := tx.Exec(tx.Context(), `update grants set kept_since = $3 where tenant_id = $1 and id = $2`, tx.TenantID(), g.ID, kept(now)); err != nil {
		return err
	}
	return recordGrant(tx, audit.GrantKept, g, memberName)
}

// difference is what is to be done.
type difference struct {
	gives []Wanted
	takes []Grant // without those that are kept already, and have to be kept on
	again []int64 // grants that were kept, and are wanted now
}

func (d *difference) empty() bool { return len(d.gives)+len(d.takes)+len(d.again) == 0 }

// differenceOf compares what is wanted with what there is.
func differenceOf(tx *postgres.Tx, member int64, source GrantSource, wanted []Wanted) (d difference, err error) {
	const those = `tenant_id = $1 and member_id = $2 and source = $3`
	has, err := selectGrants(tx, `where `+those+` order by id`, member, string(source))
	if err != nil {
		return d, err
	}
	rows, err := tx.Query(tx.Context(), `select id from grants where kept_since is not null and `+those, tx.TenantID(), member, string(source))
	if err != nil {
		return d, err
	}
	stayed, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return d, err
	}
	open := map[Wanted]bool{} // wanted, and not found yet
	for _, w := range wanted {
		if _, seen := open[w]; seen || len(open) >= maxGrants {
			continue
		}
		there, err := exists(tx, w)
		if err != nil {
			return d, err
		}
		open[w] = there
	}
	for _, g := range has {
		w, marked := Wanted{g.Role, g.Store}, slices.Contains(stayed, g.ID)
		if open[w] {
			open[w] = false
			if marked {
				d.again = append(d.again, g.ID)
			}
			continue
		}
		last := false
		if marked {
			if last, err = isLastAdmin(tx, &g); err != nil {
				return d, err
			}
		}
		if !last {
			d.takes = append(d.takes, g)
		}
	}
	for _, w := range wanted { // in its order
		if open[w] {
			d.gives, open[w] = append(d.gives, w), false
		}
	}
	return d, nil
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
