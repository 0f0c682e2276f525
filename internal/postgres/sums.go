package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// migrationSums says which text of each migration was applied. Only the owner
// can read it. No migration makes it: it must be there before the first is
// applied, for a sum is written down before its file runs. What is in it about a
// file that is not applied means nothing.
const migrationSums = `create table if not exists migration_sums (version bigint primary key, name text not null, sha256 bytea not null)`

// statusOf lists every migration of files. It changes nothing; conn holds the migrations' lock.
func statusOf(ctx context.Context, p *goose.Provider, conn *sql.Conn, files fs.FS) ([]Migration, error) {
	results, err := p.Status(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := readSums(ctx, conn)
	if err != nil {
		return nil, err
	}
	all := make([]Migration, 0, len(results))
	for _, r := range results {
		text, err := fs.ReadFile(files, r.Source.Path)
		if err != nil {
			return nil, err
		}
		m := Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: r.State == goose.StateApplied, sum: sha256.Sum256(text)}
		if sum, ok := applied[m.Version]; ok && m.Applied {
			m.known, m.Changed = true, sum != m.sum
		}
		all = append(all, m)
	}
	return all, nil
}

func readSums(ctx context.Context, conn *sql.Conn) (map[int64][sha256.Size]byte, error) {
	var there bool
	if err := conn.QueryRowContext(ctx, `select to_regclass('migration_sums') is not null`).Scan(&there); err != nil || !there {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, `select version, sha256 from migration_sums`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	sums := map[int64][sha256.Size]byte{}
	for rows.Next() {
		var version int64
		var sum []byte
		if err := rows.Scan(&version, &sum); err != nil {
			return nil, err
		}
		var s [sha256.Size]byte
		copy(s[:], sum)
		sums[version] = s
	}
	return sums, rows.Err()
}

// refuseChanged is Conflict when an applied migration's file is not what was applied.
func refuseChanged(all []Migration) error {
	var names []string
	for _, m := range all {
		if m.Changed {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "not what was applied to this database: %s; nothing is done. "+
		"Bring back the file that was applied, and make the change in a migration of its own", strings.Join(names, ", "))
}

// writeSums writes down what is about to be applied, and what was applied before there were sums.
func writeSums(ctx context.Context, conn *sql.Conn, all []Migration) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, migrationSums); err != nil {
		return err
	}
	for _, m := range all {
		if m.known {
			continue
		}
		if _, err := tx.ExecContext(ctx, `insert into migration_sums (version, name, sha256) values ($1, $2, $3)
			on conflict (version) do update set name = excluded.name, sha256 = excluded.sha256`, m.Version, m.Name, m.sum[:]); err != nil {
			return err
		}
	}
	return tx.Commit()
}
