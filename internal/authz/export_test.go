package authz

import "context"

// LookForExpired is what each replica does every few seconds.
func (p *Policies) LookForExpired(ctx context.Context) { p.expired(ctx) }
