package lrs

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"
	"github.com/maypok86/otter/v2"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Payloads are S2 blocks, compressed against a dictionary; the column dict says
// which. Number 1 holds what statements of the common profiles and authoring
// tools have in common. From ownDicts on a store has its own, in the table
// dictionaries, made from its first statements (training.go). A dictionary is
// for ever: payloads cannot be read without it.
const (
	commonDict = 1
	ownDicts   = 100
)

//go:embed dict/v1.json
var commonText []byte

// dictionary compresses and decompresses. It is safe for concurrent use.
type dictionary struct {
	number int16
	s2     *s2.Dict
}

var common = &dictionary{commonDict, s2.MakeDict(commonText, nil)}

// ownDictionary returns the dictionary of a vocabulary: that and the common text.
func ownDictionary(number int16, vocabulary []byte) *dictionary {
	text := append(append(make([]byte, 0, len(vocabulary)+len(commonText)), vocabulary...), commonText...)
	return &dictionary{number, s2.MakeDict(text, nil)}
}

// maxPayload bounds what a damaged row can make us allocate, in bytes.
const maxPayload = 64 << 20

func (d *dictionary) compress(text []byte) []byte { return d.s2.Encode(nil, text) }

func (d *dictionary) decompress(payload []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(payload); err != nil || n > maxPayload {
		return nil, fmt.Errorf("lrs: payload is damaged (%d bytes): %w", n, err)
	}
	text, err := d.s2.Decode(nil, payload)
	if err != nil {
		return nil, fmt.Errorf("lrs: payload is damaged: %w", err)
	}
	return text, nil
}

// dictionaries finds the dictionaries of stores, and has new ones made.
type dictionaries struct {
	db      *postgres.DB
	log     *slog.Logger
	read    *otter.Cache[dictName, *dictionary] // to decompress
	stores  *otter.Cache[int64, *storeDicts]    // to compress, by store
	trainer trainer
}

type dictName struct {
	store  int64
	number int16
}

// What is kept in memory: 100 kB each, most stores have one.
const (
	dictsKept  = 500
	storesKept = 500
)

func newDictionaries(db *postgres.DB, log *slog.Logger) *dictionaries {
	d := &dictionaries{db: db, log: log}
	d.read = otter.Must(&otter.Options[dictName, *dictionary]{MaximumSize: dictsKept})
	d.stores = otter.Must(&otter.Options[int64, *storeDicts]{
		MaximumSize: storesKept,
		OnDeletion:  func(e otter.DeletionEvent[int64, *storeDicts]) { d.trainer.forget(e.Value) },
	})
	d.trainer.start(d)
	return d
}

// querier is a *postgres.Tx or a *postgres.IngestTx.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// get returns one of a store's dictionaries.
func (d *dictionaries) get(ctx context.Context, tx querier, tenant, store int64, number int16) (*dictionary, error) {
	if number == commonDict {
		return common, nil
	}
	name := dictName{store, number}
	if found, ok := d.read.GetIfPresent(name); ok {
		return found, nil
	}
	found, err := d.load(ctx, tx, `
		select number, vocabulary from dictionaries where tenant_id = $1 and store_id = $2 and number = $3`, tenant, store, number)
	if err == nil && found == nil {
		err = fmt.Errorf("lrs: payload with unknown dictionary %d", number)
	}
	if err != nil {
		return nil, err
	}
	d.read.Set(name, found)
	return found, nil
}

// current returns what a store's new payloads are compressed with.
func (d *dictionaries) current(ctx context.Context, a Author) (*storeDicts, error) {
	if s, ok := d.stores.GetIfPresent(a.Store); ok {
		return s, nil
	}
	s := &storeDicts{tenant: a.Tenant, store: a.Store}
	newest := common
	err := d.db.TenantRead(ctx, postgres.NewScope(a.Tenant, "dictionaries"), func(tx *postgres.Tx) error {
		found, err := d.newest(ctx, tx, a.Tenant, a.Store)
		if found != nil {
			newest = found
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.use(newest)
	s, _ = d.stores.SetIfAbsent(a.Store, s)
	return s, nil
}

func (d *dictionaries) newest(ctx context.Context, tx querier, tenant, store int64) (*dictionary, error) {
	return d.load(ctx, tx, `
		select number, vocabulary from dictionaries where tenant_id = $1 and store_id = $2 order by number desc limit 1`, tenant, store)
}

// load returns the dictionary that sql selects, nil if there is none.
func (d *dictionaries) load(ctx context.Context, tx querier, sql string, args ...any) (*dictionary, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var found *dictionary
	var number int16
	var vocabulary []byte
	_, err = pgx.ForEachRow(rows, []any{&number, &vocabulary}, func() error {
		found = ownDictionary(number, vocabulary)
		return nil
	})
	return found, err
}
