package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/migrations"
)

var built struct {
	sync.Mutex
	name string
}

// template returns the name of the template database, building it when this
// process is the first to need it. Processes are kept apart by an advisory lock.
func template(ctx context.Context, admin *url.URL) (string, error) {
	built.Lock()
	defer built.Unlock()
	if built.name != "" {
		return built.name, nil
	}
	sum, err := hashOf(migrations.FS)
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, admin.String())
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and with it the lock
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(hashtext('postgrestest'))"); err != nil {
		return "", err
	}
	name := "template_" + sum
	var found bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&found); err != nil {
		return "", err
	}
	if !found {
		if err := build(ctx, conn, admin, name); err != nil {
			return "", err
		}
	}
	built.name = name
	return name, nil
}

// build migrates under another name first, so that a template is whole or
// absent, and then closes it: a database in use cannot be cloned.
func build(ctx context.Context, conn *pgx.Conn, admin *url.URL, name string) error {
	draft := name + "_draft"
	password, _ := admin.User.Password()
	owner := fmt.Sprintf("role %s login createdb createrole password '%s'", OwnerRole, password)
	for _, sql := range []string{
		"do $$ begin create " + owner + "; exception when duplicate_object then alter " + owner + "; end $$",
		"drop database if exists " + draft + " with (force)",
		"create database " + draft + " owner " + OwnerRole,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	roles := postgres.Roles
	migrate := postgres.MigrateConfig{OwnerURL: roleURL(admin, OwnerRole, draft), Files: migrations.FS}
	for _, role := range roles {
		migrate.RoleURLs = append(migrate.RoleURLs, roleURL(admin, role, draft))
	}
	if _, err := postgres.Migrate(ctx, migrate); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// A server that is not ours may have had the roles before, with other passwords.
	for _, role := range roles {
		if _, err := conn.Exec(ctx, fmt.Sprintf("alter role %s password '%s'", role, password)); err != nil {
			return err
		}
	}
	for _, sql := range []string{
		"alter database " + draft + " rename to " + name,
		"alter database " + name + " allow_connections false",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// hashOf names the content of files.
func hashOf(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}
