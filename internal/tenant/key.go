package tenant

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// KeyStatus says whether a key works.
type KeyStatus string

// The statuses of a key.
const (
	KeyActive  KeyStatus = "active"
	KeyExpired KeyStatus = "expired"
	KeyRevoked KeyStatus = "revoked"
)

// Key is an API credential of one store. A revoked key stays in the database:
// the statements that it wrote name it as their authority.
type Key struct {
	TenantID  int64  `gorm:"primaryKey;autoIncrement:false"`
	ID        int64  `gorm:"primaryKey;autoIncrement:false"`
	User      string `gorm:"-"` // Basic user name; see UserName
	StoreID   int64
	Name      string
	Scopes    authz.Scopes   `gorm:"serializer:scopes"`
	Networks  []netip.Prefix `gorm:"serializer:networks"` // where it may be used from; empty: everywhere
	Authority string         // the agent that its statements carry, JSON; never changes
	CreatedAt time.Time
	ExpiresAt *time.Time // nil: never
	RevokedAt *time.Time
	CreatedBy string   // who issued it: an audit actor
	Version   int64    // counts its changes, from 1
	Secrets   []Secret `gorm:"-"` // newest first; see Secret
}

// Secret is what is known of one secret of a key. A key has one, and more while
// rotations are in their grace. Secrets that expired long ago are not listed.
type Secret struct {
	TenantID   int64      `json:"-" gorm:"primaryKey;autoIncrement:false"`
	KeyID      int64      `json:"-" gorm:"primaryKey;autoIncrement:false"`
	ID         int64      `json:"id" gorm:"primaryKey;autoIncrement:false"`
	Pepper     int16      `json:"pepper"` // version of the pepper that it is hashed with
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`   // end of its grace
	LastUsedAt *time.Time `json:"last_used_at,omitempty"` // some seconds late
}

// TableName is for gorm.
func (Secret) TableName() string { return "key_secrets" }

// hashedSecret is a Secret as it is inserted; the hash is never read through gorm.
type hashedSecret struct {
	Secret
	Hash []byte
}

// TableName is for gorm.
func (hashedSecret) TableName() string { return "key_secrets" }

// AfterFind derives what is not stored.
func (k *Key) AfterFind(*gorm.DB) error {
	k.User = UserName(k.TenantID, k.ID)
	return nil
}

// Status returns what the key is at now.
func (k *Key) Status(now time.Time) KeyStatus {
	switch {
	case k.RevokedAt != nil:
		return KeyRevoked
	case k.ExpiresAt != nil && !now.Before(*k.ExpiresAt):
		return KeyExpired
	}
	return KeyActive
}

// LastUsedAt returns the last use of any listed secret; nil when there was none.
func (k *Key) LastUsedAt() *time.Time {
	var last *time.Time
	for _, s := range k.Secrets {
		if s.LastUsedAt != nil && (last == nil || s.LastUsedAt.After(*last)) {
			last = s.LastUsedAt
		}
	}
	return last
}

// NewKey says what a key shall be.
type NewKey struct {
	Store     int64
	Name      string
	Scopes    authz.Scopes // at least one
	Networks  []netip.Prefix
	ExpiresAt *time.Time // nil: never
	HomePage  string     // of the account in the authority: the platform's public URL, an IRI with a scheme
}

// CreateKey adds a key and returns it with its secret, which can be had here
// only. Invalid: name, scopes or an expiry that is over; NotFound: the store.
func CreateKey(tx *postgres.Tx, peppers *Peppers, n NewKey, now time.Time) (*Key, secret.Text, error) {
	var none secret.Text
	if err := checkName(n.Name); err != nil {
		return nil, none, err
	}
	switch {
	case n.Scopes == 0:
		return nil, none, fault.New(fault.Invalid, "a key needs at least one scope")
	case n.ExpiresAt != nil && !n.ExpiresAt.After(now):
		return nil, none, fault.New(fault.Invalid, "the key would expire at %s, which is over", n.ExpiresAt.Format(time.RFC3339))
	case len(n.Networks) > maxNetworks:
		return nil, none, fault.New(fault.Invalid, "%d networks are too many: at most %d", len(n.Networks), maxNetworks)
	}
	if err := requireStore(tx, n.Store); err != nil {
		return nil, none, err
	}
	now = kept(now)
	if n.ExpiresAt != nil {
		end := kept(*n.ExpiresAt)
		n.ExpiresAt = &end
	}
	k := &Key{
		TenantID: tx.TenantID(), ID: id.New(), StoreID: n.Store, Name: n.Name, Scopes: n.Scopes,
		Networks: n.Networks, CreatedAt: now, ExpiresAt: n.ExpiresAt, CreatedBy: actorOf(tx), Version: 1,
	}
	if k.Networks == nil {
		k.Networks = []netip.Prefix{}
	}
	k.User = UserName(k.TenantID, k.ID)
	k.Authority = authority(n.HomePage, k.User, k.Name)
	if err := tx.Gorm().Create(k).Error; err != nil {
		return nil, none, err
	}
	plain, err := addSecret(tx, peppers, k, now)
	if err != nil {
		return nil, none, err
	}
	return k, plain, audit.Record(tx, audit.Event{Type: audit.KeyCreated, Target: k.target(), After: k.state()})
}

// authority is the agent of a key: an account on this platform, named as the key.
func authority(homePage, user, name string) string {
	type account struct {
		HomePage string `json:"homePage"`
		Name     string `json:"name"`
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct { // cannot fail: strings only
		ObjectType string  `json:"objectType"`
		Name       string  `json:"name"`
		Account    account `json:"account"`
	}{"Agent", name, account{homePage, user}})
	return strings.TrimSpace(b.String())
}

// GetKey returns the key of that user name with its secrets, or NotFound. A
// name that belongs to another tenant is not found.
func GetKey(tx *postgres.Tx, user string) (*Key, error) { return findKey(tx, tx.Gorm(), user) }

func findKey(tx *postgres.Tx, from *gorm.DB, user string) (*Key, error) {
	tenant, id, ok := ParseUserName(user)
	var keys []Key
	if ok && tenant == tx.TenantID() {
		if err := from.Where("id = ?", id).Limit(1).Find(&keys).Error; err != nil {
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.NotFound, "there is no key %q", user)
	}
	return &keys[0], loadSecrets(tx, keys)
}

// ListKeys returns one page of the keys of a store (0: of every store), oldest
// first, and the cursor of the next page; "" when there is none. NotFound: the
// cursor is no key of this tenant.
func ListKeys(tx *postgres.Tx, store int64, page Page) ([]Key, string, error) {
	query := tx.Gorm().Order("created_at, id").Limit(page.Rows() + 1)
	if store != 0 {
		query = query.Where("store_id = ?", store)
	}
	if page.After != "" {
		last, err := GetKey(tx, page.After)
		if err != nil {
			return nil, "", err
		}
		query = query.Where("(created_at, id) > (?, ?)", last.CreatedAt, last.ID)
	}
	var keys []Key
	if err := query.Find(&keys).Error; err != nil {
		return nil, "", err
	}
	keys, next := postgres.Cut(page, keys, func(k Key) string { return k.User })
	return keys, next, loadSecrets(tx, keys)
}
