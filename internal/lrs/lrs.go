// Package lrs is the record store: it turns valid statements into rows and
// queries into pages. It owns the tables statements, statement_rel, waiting_lists,
// pending_refs, activities, documents and dictionaries, and the attachment contents in the
// blob bucket (t<tenant>/s<store>/<sha2>). It never judges whether a caller
// may do what it asks, and never parses what a client sent: internal/authz and
// internal/xapi do.
//
// The path of a statement: Commit (commit.go) → row (row.go) → a lane of the
// committer (committer.go) → insert (insert.go) → references (references.go, settle.go).
// The path of a query: Find (find.go) → candidates (candidates.go) → rows (load.go).
package lrs

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/usage"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Config is what a record store needs.
type Config struct {
	DB      *postgres.DB
	Blobs   *blob.Bucket
	Lanes   int // concurrent groups; a store is in one at a time; 0 is 2. Fewer make larger groups, which cost less a statement
	Group   int // most statements of one commit, and at most 512; 0 is 512
	Merge   int // statements of a store whose posting lists wait to be merged; 0 is 2048
	PageMax int // most statements of a page; 0 is 500
	Logger  *slog.Logger
	Clock   func() time.Time // nil is time.Now
	Meter   *usage.Meter     // of documents and attachments; nil: nobody counts
}

// LRS is the record store of every tenant. It is safe for concurrent use.
type LRS struct {
	db          *postgres.DB
	blobs       *blob.Bucket
	pageMax     int
	log         *slog.Logger
	now         func() time.Time
	meter       *usage.Meter
	counter     *counter
	sync        func(*os.File) error // of attachments in a directory
	authors     *authorCache
	definitions *definitionCache
	dicts       *dictionaries
	settler     *settler
	committer   *committer
	lexicons    *lexicographer
}

// New returns a record store and starts its committer; Close ends it.
func New(c Config) *LRS {
	r := &LRS{
		db: c.DB, blobs: c.Blobs, pageMax: c.PageMax, log: c.Logger, now: c.Clock, meter: c.Meter, sync: (*os.File).Sync,
		authors: newAuthorCache(), definitions: newDefinitionCache(),
	}
	if r.pageMax <= 0 {
		r.pageMax = 500
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.dicts = newDictionaries(c.DB, r.log)
	r.settler = newSettler(c.DB, r.dicts, r.log)
	lanes := c.Lanes
	if lanes <= 0 {
		lanes = 2
	}
	group := c.Group
	if group <= 0 || group > groupStatements {
		group = groupStatements
	}
	r.lexicons = newLexicographer(r)
	merge := c.Merge
	if merge <= 0 {
		merge = mergeFrom
	}
	r.counter = newCounter(c.DB, r.log)
	r.committer = newCommitter(c.DB, r.definitions, r.dicts, r.settler, r.counter, lanes, group, merge)
	return r
}

// Close refuses new commits, finishes those that are queued, and returns.
func (r *LRS) Close() {
	r.committer.close()
	r.settler.close()
	r.counter.close()
	r.dicts.trainer.close()
	r.lexicons.close()
}

// Author is the credential that a statement is written with: its authority.
type Author struct {
	Tenant, Store, Key int64
	Authority          []byte // the agent, JSON
	Identity           string // the agent's identity, in the form of xapi
}

// Read says who reads which store, and how.
type Read struct {
	Scope   postgres.Scope
	Store   int64
	Version xapi.Version // of the request
	Mine    *Author      // set: only what this author wrote (scope statements/read/mine)
}

// Record is one statement as it is returned in the exact format.
type Record struct {
	ID     uuid.UUID
	Stored time.Time
	JSON   []byte
}

// Stats counts what the committer has done since the start.
type Stats struct {
	Statements, Groups, Duplicates, Refused, Retries, Queued int64
}

// Stats returns the committer's counters.
func (r *LRS) Stats() Stats {
	c := &r.committer.counters
	return Stats{
		Statements: c.statements.Load(), Groups: c.groups.Load(), Duplicates: c.duplicates.Load(),
		Refused: c.refused.Load(), Retries: c.retries.Load(), Queued: int64(r.committer.room.queued()),
	}
}

type counters struct {
	statements, groups, duplicates, refused, retries atomic.Int64
}

func (r *LRS) read(ctx context.Context, in Read, fn func(*postgres.Tx) error) error {
	return r.db.TenantRead(ctx, in.Scope, fn)
}
