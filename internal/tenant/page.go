package tenant

import "github.com/stoa-lrs/stoa/internal/postgres"

// Page asks for one page of a list.
type Page = postgres.Page
