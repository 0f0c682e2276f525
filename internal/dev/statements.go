package dev

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

const (
	demoBatch = 500     // statements that are stored at once
	demoSlice = 100_000 // statements that are sorted at once
	demoUsual = 12_000  // statements of the bigger store when nobody asks for another number
)

// statements fills a store: what learners did in the six months before it was
// made, in the order in which they did it.
func (f *filler) statements(ctx context.Context, t *tenant.Tenant, d demoTenant, store demoStore, known demoFile) error {
	author, err := f.author(ctx, t, known)
	if err != nil {
		return err
	}
	began := time.Now()
	n := f.Statements
	if store.part != 1 { // the others stay small, however much is asked for
		n = max(int(float64(min(n, demoUsual))*store.part), 20)
	}
	from := known.CreatedAt.AddDate(0, -6, 0)
	parts := (n + demoSlice - 1) / demoSlice
	span := known.CreatedAt.Sub(from) / time.Duration(parts)
	for part := range parts {
		// A generator for each part, so that no more than one is in memory.
		g := sample.New(store.seed+uint64(part)<<16, sample.Options{
			Learners: d.learners, Courses: 24, Organisation: d.slug,
			From: from.Add(time.Duration(part) * span), To: from.Add(time.Duration(part+1) * span),
		})
		all, err := inOrder(g, min(demoSlice, n-part*demoSlice))
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(all, demoBatch) {
			if _, err := f.record.Commit(ctx, lrs.Write{Author: author, Batch: &xapi.Batch{Statements: chunk, Array: true}}); err != nil {
				return err
			}
		}
		if part > 0 {
			continue
		}
		if err := f.documents(ctx, t, known, all); err != nil {
			return err
		}
	}
	if store.kind == tenant.Production {
		if err := f.rotatedKey(ctx, t, known); err != nil {
			return err
		}
	}
	f.Progress(fmt.Sprintf("Demo data: %s/%s has %d statements (%.1f s)", t.Slug, store.slug, n, time.Since(began).Seconds()))
	return nil
}

// inOrder returns the next n statements of g by their time.
func inOrder(g *sample.Generator, n int) ([]xapi.Statement, error) {
	all := make([]xapi.Statement, 0, n)
	for len(all) < n {
		batch, err := xapi.Decode(g.Batch(min(demoBatch, n-len(all))), xapi.V1, xapi.Limits{})
		if err != nil {
			return nil, err
		}
		all = append(all, batch.Statements...)
	}
	slices.SortStableFunc(all, func(a, b xapi.Statement) int { return a.Timestamp.Compare(b.Timestamp) })
	return all, nil
}

// documents leaves what players keep: where a learner stopped, how somebody
// likes to read, how a course is launched. What is there already stays.
func (f *filler) documents(ctx context.Context, t *tenant.Tenant, known demoFile, from []xapi.Statement) error {
	in := lrs.Read{Scope: t.Scope("dev"), Store: known.ID, Version: xapi.V1}
	var queries []*xapi.DocumentQuery
	var bodies []string
	seen := map[string]bool{}
	for _, s := range from {
		if s.Registration == [16]byte{} || s.Course == "" || seen[s.Actor] || seen[s.Course] {
			continue
		}
		seen[s.Actor], seen[s.Course] = true, true
		queries = append(queries,
			&xapi.DocumentQuery{Kind: xapi.State, Activity: s.Course, Agent: s.Actor, Registration: s.Registration, ID: "bookmark"},
			&xapi.DocumentQuery{Kind: xapi.AgentProfile, Agent: s.Actor, ID: "preferences"},
			&xapi.DocumentQuery{Kind: xapi.ActivityProfile, Activity: s.Course, ID: "launch"})
		bodies = append(bodies, `{"module":2,"slide":5,"progress":0.42}`, `{"subtitles":true,"speed":1.25}`, `{"width":1280,"height":720,"moveOn":"CompletedAndPassed"}`)
	}
	for i, q := range queries {
		err := f.record.WriteDocument(ctx, in, q, func(old *lrs.Document) (*xapi.Document, error) {
			if old != nil {
				return &old.Document, nil
			}
			return &xapi.Document{ContentType: "application/json", Body: []byte(bodies[i])}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rotatedKey leaves a key in the middle of a rotation: two secrets work.
func (f *filler) rotatedKey(ctx context.Context, t *tenant.Tenant, known demoFile) error {
	const name = "Reporting"
	return f.db.Tenant(ctx, t.Scope("dev"), func(tx *postgres.Tx) error {
		keys, _, err := tenant.ListKeys(tx, known.ID, tenant.Page{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(keys, func(k tenant.Key) bool { return k.Name == name }) {
			return nil
		}
		made := known.CreatedAt
		key, _, err := tenant.CreateKey(tx, f.env.peppers, tenant.NewKey{
			Store: known.ID, Name: name, Scopes: authz.ScopeAllRead, HomePage: f.PublicURL,
		}, made)
		if err != nil {
			return err
		}
		_, _, err = tenant.Rotate(tx, f.env.peppers, key.User, tenant.MaxGrace, made.Add(time.Second))
		return err
	})
}
