package lrs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// A store's dictionary is made from trainingSamples of its statements, beside
// the ingest, and used once it is committed. It is made anew when later
// statements compress much worse than those that came just after it.
const (
	trainingSamples = 512
	trainingStores  = 32      // that gather samples at the same time
	trainingBytes   = 8 << 10 // longest statement that is a sample
	leastVocabulary = 1 << 10 // bytes; less is not worth a dictionary
	mostDicts       = 64      // of a store
	window          = 20_000  // statements between looks at the ratio
	worse           = 1.25    // times the first window's ratio: make it anew
	trainingTimeout = time.Minute
)

// storeDicts is a store's current dictionary and how well it does.
type storeDicts struct {
	tenant, store int64
	dictionary    atomic.Pointer[dictionary]

	mu       sync.Mutex
	training bool
	samples  []sampled
	n        int     // statements in this window
	in, out  int     // bytes in this window
	first    float64 // ratio of the first window with this dictionary
}

func (s *storeDicts) use(d *dictionary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dictionary.Store(d)
	s.samples, s.first = nil, 0
	s.n, s.in, s.out = 0, 0, 0
}

// observe tells s of a statement that was compressed with d to out bytes.
func (t *trainer) observe(s *storeDicts, d *dictionary, statement *xapi.Statement, out int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d != s.dictionary.Load() {
		return
	}
	if s.n == 0 && d.number == commonDict {
		t.gather(s)
	}
	s.in += len(statement.Text)
	s.out += out
	s.n++
	if s.training && len(statement.Text) <= trainingBytes {
		text := append([]byte(nil), statement.Text...) // it shares memory with a request's body
		s.samples = append(s.samples, sampled{xxhash.Sum64String(statement.Actor), text})
		if len(s.samples) == trainingSamples {
			t.leave(s)
			select {
			case t.ready <- s:
			default: // others are waiting; the next window tries again
				s.samples = nil
			}
		}
	}
	if s.n < window {
		return
	}
	ratio := float64(s.out) / float64(s.in)
	s.n, s.in, s.out = 0, 0, 0
	if s.first == 0 {
		s.first = ratio
	}
	if ratio > worse*s.first && d.number < ownDicts+mostDicts {
		t.gather(s)
	}
}

// gather begins to take samples of s, if not too many stores do so already.
func (t *trainer) gather(s *storeDicts) {
	if s.training {
		return
	}
	if t.gathering.Add(1) > trainingStores {
		t.gathering.Add(-1)
		return
	}
	s.training, s.samples = true, nil
}

// leave ends what gather began.
func (t *trainer) leave(s *storeDicts) {
	if s.training {
		s.training = false
		t.gathering.Add(-1)
	}
}

// forget ends the training of a store that is no longer kept in memory.
func (t *trainer) forget(s *storeDicts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.leave(s)
}

// trainer makes dictionaries, one at a time.
type trainer struct {
	ready     chan *storeDicts
	gathering atomic.Int64 // stores that gather samples
	stop      context.CancelFunc
	running   sync.WaitGroup
}

func (t *trainer) start(d *dictionaries) {
	ctx, stop := context.WithCancel(context.Background())
	t.ready, t.stop = make(chan *storeDicts, trainingStores), stop
	t.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-t.ready:
				if err := d.train(ctx, s); err != nil && ctx.Err() == nil {
					d.log.Warn("no dictionary was made; payloads stay as large as they are", slog.Int64("store", s.store), slog.Any("error", err))
				}
			}
		}
	})
}

func (t *trainer) close() {
	t.stop()
	t.running.Wait()
}

// train makes a dictionary of s's samples, or takes the one that another
// process has made meanwhile.
func (d *dictionaries) train(ctx context.Context, s *storeDicts) error {
	s.mu.Lock()
	samples, known := s.samples, s.dictionary.Load().number
	s.samples = nil
	s.mu.Unlock()
	words := vocabulary(samples)
	if len(words) < leastVocabulary {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, trainingTimeout)
	defer cancel()
	var made *dictionary
	err := d.db.Ingest(ctx, []int64{s.tenant}, func(tx *postgres.IngestTx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, s.store); err != nil {
			return err
		}
		// Nobody may see it before it is durable: payloads that were compressed
		// with a dictionary that a crash takes back cannot be read any more.
		if _, err := tx.Exec(ctx, `set local synchronous_commit to default`); err != nil {
			return err
		}
		var err error
		if made, err = d.newest(ctx, tx, s.tenant, s.store); err != nil || made != nil && made.number > known {
			return err
		}
		made = ownDictionary(max(known+1, ownDicts), words)
		_, err = tx.Exec(ctx, `insert into dictionaries (tenant_id, store_id, number, vocabulary) values ($1, $2, $3, $4)`,
			s.tenant, s.store, made.number, words)
		return err
	})
	if err != nil {
		return err
	}
	d.read.Set(dictName{s.store, made.number}, made)
	s.use(made)
	return nil
}
