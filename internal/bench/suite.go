package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Options say how long and how much Suite measures.
type Options struct {
	Cell       time.Duration // per path, batch size and concurrency
	Batches    []int
	Workers    []int
	Statements int // in the store when queries are measured; 0: no queries
}

// Suite measures ingest and queries on a Postgres of its own and writes tables
// of ratios to w. Every row's paths run one after the other on the same
// machine, so that a ratio holds where absolute figures do not.
func Suite(ctx context.Context, out io.Writer, o Options) error {
	w := &report{out: out}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64)) // this is client, service and several record stores in one process
	l, err := openLaboratory(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	texts, statements, err := samples()
	if err != nil {
		return err
	}
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	w.printf("%d processors shared by client, server and Postgres; statements of %d bytes on average; %d tenants of Zipf sizes; %s a figure\n",
		runtime.NumCPU(), size/len(texts), tenantCount, o.Cell)
	if err := l.ingest(ctx, w, o, texts, statements); err != nil {
		return err
	}
	if err := l.group(ctx, w, o, statements); err != nil {
		return err
	}
	if err := l.queries(ctx, w, o); err != nil {
		return err
	}
	return w.err
}

// report writes lines and remembers the first failure to.
type report struct {
	out io.Writer
	err error
}

func (r *report) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(r.out, format, args...); r.err == nil {
		r.err = err
	}
}

func samples() (texts [][]byte, statements []xapi.Statement, err error) {
	texts = sample.New(1, sample.Options{WithoutIDs: true}).Statements(4000)
	for _, t := range texts {
		b, err := xapi.Decode(t, xapi.V1, xapi.Limits{})
		if err != nil {
			return nil, nil, err
		}
		statements = append(statements, b.Statements[0])
	}
	return texts, statements, nil
}

// ingest prints the storage path and the HTTP path next to the floor.
func (l *laboratory) ingest(ctx context.Context, w *report, o Options, texts [][]byte, statements []xapi.Statement) error {
	floor, err := l.floorPath(ctx, texts)
	if err != nil {
		return err
	}
	storage := l.storagePath(statements, lrs.Config{}, l.zipf())
	defer storage.close()
	whole, err := l.httpPath(ctx, texts, l.zipf())
	if err != nil {
		return err
	}
	defer whole.close()
	paths := []path{floor, storage, whole}
	w.printf("\nIngest, statements a second, and ratio to the floor (COPY of the same text, primary key only)\n")
	w.printf("%6s %8s %10s %10s %6s %10s %6s %28s\n", "batch", "clients", "floor/s", "storage/s", "ratio", "http/s", "ratio", "http p50 / p95 / p99")
	for _, batch := range o.Batches {
		for _, workers := range o.Workers {
			var r [3]result
			for i, p := range paths {
				if r[i], err = l.measure(ctx, workers, o.Cell, p.operation(batch)); err != nil {
					return fmt.Errorf("%s, batch %d, %d clients: %w", p.name, batch, workers, err)
				}
			}
			w.printf("%6d %8d %10.0f %10.0f %6.2f %10.0f %6.2f %28s\n", batch, workers,
				r[0].rate(), r[1].rate(), r[1].rate()/r[0].rate(), r[2].rate(), r[2].rate()/r[0].rate(), r[2].latency())
		}
	}
	return l.sizes(ctx, w)
}

// measure runs op as run does, after writing out what an earlier measurement
// left behind, and after half as long of the same load that is not counted:
// after a checkpoint the first change of each page writes the whole page to the
// log, which a path that changes many pages pays once in many minutes and not
// in each measurement.
func (l *laboratory) measure(ctx context.Context, workers int, d time.Duration, op operation) (result, error) {
	runtime.GC()
	if _, err := l.super.Exec(ctx, "checkpoint"); err != nil {
		return result{}, err
	}
	r := run(ctx, workers, d/2, nil, op)
	if r.failures == 0 {
		r = run(ctx, workers, d, nil, op)
	}
	if r.failures > 0 {
		return r, fmt.Errorf("%d requests failed: %w", r.failures, r.firstError)
	}
	return r, nil
}

func (r result) latency() string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("%.1f / %.1f / %.1f ms", ms(r.percentile(50)), ms(r.percentile(95)), ms(r.percentile(99)))
}

// sizes prints what a statement takes on disk next to the floor's table.
func (l *laboratory) sizes(ctx context.Context, w *report) error {
	var statements, bytes, floors, floorBytes int64
	err := l.super.QueryRow(ctx, `
		select (select count(*) from statements),
		       (select sum(pg_total_relation_size(t::regclass)) from unnest(array['statements','statement_rel','waiting_lists','pending_refs','activities']) t),
		       (select count(*) from floor), pg_total_relation_size('floor')`).Scan(&statements, &bytes, &floors, &floorBytes)
	if err != nil {
		return err
	}
	perStatement, perFloor := float64(bytes)/float64(statements), float64(floorBytes)/float64(floors)
	w.printf("\nOn disk: %.0f bytes a statement with all indexes, %.0f in the floor's table: ratio %.2f (%d and %d statements)\n",
		perStatement, perFloor, perStatement/perFloor, statements, floors)
	return nil
}

// group prints what joining requests into group commits gives to clients that
// send one statement at a time, and what the order within a store costs.
func (l *laboratory) group(ctx context.Context, w *report, o Options, statements []xapi.Statement) error {
	const workers = 32
	alone, err := l.alonePath(ctx, statements, workers)
	if err != nil {
		return err
	}
	defer alone.close()
	spread := l.storagePath(statements, lrs.Config{}, l.zipf())
	defer spread.close()
	own := l.storagePath(statements, lrs.Config{}, func(worker int) *account { return &l.tenants[worker] })
	defer own.close()
	hot := l.storagePath(statements, lrs.Config{}, func(int) *account { return &l.tenants[0] })
	defer hot.close()
	w.printf("\n%d clients that send one statement at a time, through the storage path\n", workers)
	var base float64
	for _, p := range []struct {
		what string
		path path
	}{
		{"one transaction per request, each client its own store", alone},
		{"group commit, each client its own store", own},
		{"group commit, stores of Zipf sizes", spread},
		{"group commit, one hot store", hot},
	} {
		r, err := l.measure(ctx, workers, o.Cell, p.path.operation(1))
		if err != nil {
			return err
		}
		if base == 0 {
			base = r.rate()
		}
		w.printf("  %-56s %8.0f/s  ×%.2f  %s\n", p.what, r.rate(), r.rate()/base, r.latency())
	}
	w.printf("\nWhat order within a store costs: %d clients on one store, next to as many that share no order, each on a store of its own\n", workers)
	w.printf("%6s %12s %12s %6s\n", "batch", "own store/s", "one store/s", "ratio")
	for _, batch := range []int{1, 5, 50} {
		free, err := l.measure(ctx, workers, o.Cell, own.operation(batch))
		if err != nil {
			return err
		}
		ordered, err := l.measure(ctx, workers, o.Cell, hot.operation(batch))
		if err != nil {
			return err
		}
		w.printf("%6d %12.0f %12.0f %6.2f\n", batch, free.rate(), ordered.rate(), ordered.rate()/free.rate())
	}
	return nil
}
