package tenant

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Kind says what a store is for.
type Kind string

// The kinds of store.
const (
	Production Kind = "production" // keeps what it was given: cannot be emptied
	Sandbox    Kind = "sandbox"    // for trials: can be emptied
)

// Store is where statements live. Its ID is unique on the platform.
type Store struct {
	TenantID  int64     `json:"-" gorm:"primaryKey;autoIncrement:false"`
	ID        int64     `json:"id" gorm:"primaryKey;autoIncrement"`
	Slug      string    `json:"slug"` // unique in the tenant
	Name      string    `json:"name"`
	Kind      Kind      `json:"kind"`
	CreatedAt time.Time `json:"created_at"`
}

// CreateStore adds a store. Invalid: slug, name or kind; Conflict: the slug is taken.
func CreateStore(tx *postgres.Tx, slug, name string, kind Kind, now time.Time) (*Store, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if kind != Production && kind != Sandbox {
		return nil, fault.New(fault.Invalid, "%q is no kind of store: it is %s or %s", kind, Production, Sandbox)
	}
	s := &Store{TenantID: tx.TenantID(), Slug: slug, Name: name, Kind: kind, CreatedAt: kept(now)}
	done := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(s)
	if done.Error == nil && done.RowsAffected == 0 {
		return nil, fault.New(fault.Conflict, "there is a store %q already", slug)
	}
	return s, done.Error
}

// GetStore returns the store of that slug, or NotFound.
func GetStore(tx *postgres.Tx, slug string) (*Store, error) {
	var s []Store
	if err := tx.Gorm().Where("slug = ?", slug).Limit(1).Find(&s).Error; err != nil {
		return nil, err
	}
	if len(s) == 0 {
		return nil, fault.New(fault.NotFound, "there is no store %q", slug)
	}
	return &s[0], nil
}

// ListStores returns the stores of one page, by slug, and the cursor of the
// next page; "" when there is none.
func ListStores(tx *postgres.Tx, page Page) ([]Store, string, error) {
	var stores []Store
	err := tx.Gorm().Where("slug > ?", page.After).Order("slug").Limit(page.limit() + 1).Find(&stores).Error
	stores, next := cut(page, stores, func(s Store) string { return s.Slug })
	return stores, next, err
}

// RequireSandbox returns nil when the store may be emptied: Forbidden for a
// production store, NotFound for a store that the tenant does not have. Whoever
// empties a store asks first, in the same transaction; the row is locked until
// that ends, so that a sandbox cannot turn into something else meanwhile.
func RequireSandbox(tx *postgres.Tx, store int64) error {
	var s []Store
	if err := locked(tx).Where("id = ?", store).Limit(1).Find(&s).Error; err != nil {
		return err
	}
	switch {
	case len(s) == 0:
		return fault.New(fault.NotFound, "there is no such store")
	case s[0].Kind != Sandbox:
		return fault.New(fault.Forbidden, "the store %q is a production store: it cannot be emptied", s[0].Slug)
	}
	return nil
}

func locked(tx *postgres.Tx) *gorm.DB {
	return tx.Gorm().Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}
