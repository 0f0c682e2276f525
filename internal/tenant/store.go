package tenant

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/stoa-lrs/stoa/internal/audit"
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
	Version   int64     `json:"version"` // counts its changes, from 1
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
	s := &Store{TenantID: tx.TenantID(), Slug: slug, Name: name, Kind: kind, CreatedAt: kept(now), Version: 1}
	done := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(s)
	if done.Error == nil && done.RowsAffected == 0 {
		return nil, fault.New(fault.Conflict, "there is a store %q already", slug)
	}
	if done.Error != nil {
		return nil, done.Error
	}
	return s, audit.Record(tx, audit.Event{Type: audit.StoreCreated, Target: s.target(), After: s.state()})
}

// UpdateStore gives a store another name. version is what the caller has seen,
// 0: whatever there is. Invalid: the name; NotFound: the store;
// PreconditionFailed: it has changed since.
func UpdateStore(tx *postgres.Tx, slug, name string, version int64) (*Store, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	s, err := findStore(locked(tx), slug)
	if err != nil {
		return nil, err
	}
	if err := sameVersion(version, s.Version); err != nil || s.Name == name {
		return s, err
	}
	before := s.state()
	s.Name, s.Version = name, s.Version+1
	if err := tx.Gorm().Model(s).Updates(map[string]any{"name": s.Name, "version": s.Version}).Error; err != nil {
		return nil, err
	}
	return s, audit.Record(tx, audit.Event{Type: audit.StoreChanged, Target: s.target(), Before: before, After: s.state()})
}

// RecordEmptied writes into the log that a store has been emptied: whoever
// empties says so, with the number of statements that were deleted.
func RecordEmptied(tx *postgres.Tx, store, statements int64) error {
	var s []Store
	if err := tx.Gorm().Where("id = ?", store).Limit(1).Find(&s).Error; err != nil {
		return err
	}
	if len(s) == 0 {
		return noStore()
	}
	return audit.Record(tx, audit.Event{
		Type: audit.StoreEmptied, Target: s[0].target(), Details: map[string]any{"statements": statements},
	})
}

func (s *Store) target() audit.Target {
	return audit.Target{Kind: "store", ID: s.Slug, Name: s.Name}
}

func (s *Store) state() map[string]any {
	return map[string]any{"slug": s.Slug, "name": s.Name, "kind": s.Kind}
}

// GetStore returns the store of that slug, or NotFound.
func GetStore(tx *postgres.Tx, slug string) (*Store, error) { return findStore(tx.Gorm(), slug) }

func findStore(from *gorm.DB, slug string) (*Store, error) {
	var s []Store
	if err := from.Where("slug = ?", queryable(slug)).Limit(1).Find(&s).Error; err != nil {
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
	err := tx.Gorm().Where("slug > ?", queryable(page.After)).Order("slug").Limit(page.Rows() + 1).Find(&stores).Error
	stores, next := postgres.Cut(page, stores, func(s Store) string { return s.Slug })
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
		return noStore()
	case s[0].Kind != Sandbox:
		return fault.New(fault.Forbidden, "the store %q is a production store: it cannot be emptied", s[0].Slug)
	}
	return nil
}

// requireStore returns NotFound unless the tenant has that store.
func requireStore(tx *postgres.Tx, store int64) error {
	var stores int64
	if err := tx.Gorm().Model(&Store{}).Where("id = ?", store).Count(&stores).Error; err != nil {
		return err
	}
	if stores == 0 {
		return noStore()
	}
	return nil
}

func noStore() error { return fault.New(fault.NotFound, "there is no such store") }

func locked(tx *postgres.Tx) *gorm.DB {
	return tx.Gorm().Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}
