package tenant

import (
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// consoleMaker is who is said to have issued the keys of the console.
const consoleMaker = "system:console"

// ConsoleKey returns the key that statements of people at the console carry as
// their authority. A store has one from its first use; it has no secret, so
// nobody signs in with it. NotFound: the store.
func ConsoleKey(tx *postgres.Tx, store int64, homePage string, now time.Time) (*Key, error) {
	// Two first uses at once wait for each other here.
	var found []Store
	if err := locked(tx).Where("id = ?", store).Find(&found).Error; err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noStore()
	}
	var keys []Key
	if err := tx.Gorm().Where("store_id = ? and created_by = ?", store, consoleMaker).Limit(1).Find(&keys).Error; err != nil {
		return nil, err
	}
	if len(keys) > 0 {
		return &keys[0], nil
	}
	k := &Key{
		TenantID: tx.TenantID(), ID: id.New(), StoreID: store, Name: "Console", Scopes: authz.ScopeStatementsWrite,
		Networks: []netip.Prefix{}, CreatedAt: kept(now), CreatedBy: consoleMaker, Version: 1,
	}
	k.User = UserName(k.TenantID, k.ID)
	k.Authority = authority(homePage, k.User, k.Name)
	if err := tx.Gorm().Create(k).Error; err != nil {
		return nil, err
	}
	return k, audit.Record(tx, audit.Event{Type: audit.KeyCreated, Target: k.target(), After: k.state()})
}

// refuseConsole is Conflict for the console's own key: with a secret, somebody
// could write what looks like the console's.
func (k *Key) refuseConsole() error {
	if k.CreatedBy == consoleMaker {
		return fault.New(fault.Conflict, "the key %q is the console's own, and has no secret", k.User)
	}
	return nil
}
