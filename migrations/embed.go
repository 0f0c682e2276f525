// Package migrations holds the schema as numbered SQL files. Each file is one
// transaction, takes no long lock and never rewrites a large table; the roles
// it grants to are made by postgres.Migrate before the first file runs.
package migrations

import "embed"

// FS holds the migrations, NNNNN_name.sql, in goose's format.
//
//go:embed *.sql
var FS embed.FS
