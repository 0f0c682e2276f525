package tenant

import (
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// KeyChange says what of a key shall be different; nil: nothing.
type KeyChange struct {
	Name     *string // the authority of its statements keeps the first name
	Networks *[]netip.Prefix
	Scopes   *authz.Scopes
	Widen    bool // Scopes may permit more than before: the caller has asked whether its actor may issue them
}

// UpdateKey changes a key, on every replica within a second. version is what
// the caller has seen, 0: whatever there is. Invalid: name or networks;
// Forbidden: scopes that permit more than before, without Widen; NotFound: the
// key; Conflict: it is revoked; PreconditionFailed: it has changed since.
func UpdateKey(tx *postgres.Tx, user string, change KeyChange, version int64) (*Key, error) {
	k, err := findKey(tx, locked(tx), user)
	if err != nil {
		return nil, err
	}
	if err := sameVersion(version, k.Version); err != nil {
		return nil, err
	}
	if k.RevokedAt != nil {
		return nil, fault.New(fault.Conflict, "the key %q is revoked: create another", user)
	}
	before := k.state()
	if change.Name != nil {
		if err := checkName(*change.Name); err != nil {
			return nil, err
		}
		k.Name = *change.Name
	}
	if change.Networks != nil {
		if k.Networks = *change.Networks; k.Networks == nil {
			k.Networks = []netip.Prefix{}
		}
		if len(k.Networks) > maxNetworks {
			return nil, fault.New(fault.Invalid, "%d networks are too many: at most %d", len(k.Networks), maxNetworks)
		}
	}
	if change.Scopes != nil {
		switch {
		case *change.Scopes == 0:
			return nil, fault.New(fault.Invalid, "a key needs at least one scope")
		case !change.Widen && !within(*change.Scopes, k.Scopes):
			return nil, fault.New(fault.Forbidden, "the scopes %s permit more than %s", change.Scopes, k.Scopes)
		}
		k.Scopes = *change.Scopes
	}
	k.Version++
	if err := tx.Gorm().Model(k).Select("name", "networks", "scopes", "version").Updates(k).Error; err != nil {
		return nil, err
	}
	return k, audit.Record(tx, audit.Event{Type: audit.KeyChanged, Target: k.target(), Before: before, After: k.state()})
}

// within reports whether inner permits nothing that outer does not.
func within(inner, outer authz.Scopes) bool {
	for _, a := range inner.Permitted() {
		if !outer.Permits(a) {
			return false
		}
	}
	return !inner.Permits(authz.StatementsRead) || !outer.OnlyOwnStatements() || inner.OnlyOwnStatements()
}

func (k *Key) target() audit.Target {
	return audit.Target{Kind: "key", ID: k.User, Name: k.Name}
}

// state is a key as the log tells of it: no secret, no hash.
func (k *Key) state() map[string]any {
	networks := make([]string, len(k.Networks))
	for i, n := range k.Networks {
		networks[i] = n.String()
	}
	s := map[string]any{"name": k.Name, "store_id": k.StoreID, "scopes": k.Scopes.Names(), "networks": networks}
	if k.ExpiresAt != nil {
		s["expires_at"] = k.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return s
}
