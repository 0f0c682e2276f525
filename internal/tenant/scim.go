package tenant

import "github.com/stoa-lrs/stoa/internal/postgres"

// syncGroupNamed gives the members of the directory's group of that name what
// the mapping says now.
func syncGroupNamed(tx *postgres.Tx, name string) error { return nil }
