package dev

import (
	"context"
	"fmt"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// colleagues invites as many people into a demo tenant as were asked for, each
// an analyst: lists, the access review and decisions then have a large tenant
// to show how quick they are. Who is there already stays.
func (f *filler) colleagues(ctx context.Context, d demoTenant) error {
	if f.Members == 0 {
		return nil
	}
	ctx = audit.With(ctx, audit.Source{Actor: audit.Actor{Kind: audit.BySystem, ID: "system:dev", Name: "stoa dev"}})
	t, err := tenant.Get(ctx, f.operator, d.slug)
	if err != nil {
		return err
	}
	began := time.Now()
	for from := 0; from < f.Members; from += demoBatch {
		if err := f.db.Tenant(ctx, t.Scope("dev"), func(tx *postgres.Tx) error {
			for i := from; i < min(from+demoBatch, f.Members); i++ {
				if err := f.colleague(tx, d.slug, i); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "the colleagues of %s", d.slug)
		}
	}
	f.Progress(fmt.Sprintf("Demo data: %s has %d colleagues more (%.1f s)", d.slug, f.Members, time.Since(began).Seconds()))
	return nil
}

func (f *filler) colleague(tx *postgres.Tx, organisation string, i int) error {
	name, address := sample.Person(organisation, i)
	_, err := tenant.FindMember(tx, address)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	m, err := tenant.Invite(tx, address, name, f.Clock().AddDate(0, 0, 60), f.Clock())
	if err != nil {
		return err
	}
	_, err = authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: m.ID, Role: authz.Analyst}, f.Clock())
	return err
}
