package config

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// DevFile is where `stoa dev` leaves the variables of its service, so that
// other commands in the same directory work on it without being told.
const DevFile = ".stoa/dev.env"

// WriteFile writes variables, NAME=value a line, for their owner only; the file
// is complete at every moment. A value with a line break is refused.
func WriteFile(path string, variables map[string]string) error {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if strings.ContainsAny(name+variables[name], "\r\n") {
			return fmt.Errorf("%s: a value with a line break", name)
		}
		fmt.Fprintf(&b, "%s=%s\n", name, variables[name])
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".env-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(b.String())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Environ returns environ, or, when that names no database and there is a file
// of that path, environ and what the file adds to it. The file holds passwords:
// one that others may read is refused (Invalid).
func Environ(environ []string, path string) ([]string, error) {
	set := map[string]bool{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value != ""
	}
	for _, name := range []string{"DATABASE_URL", "OWNER_DATABASE_URL", "OPERATOR_DATABASE_URL", "INGEST_DATABASE_URL", "AUDIT_DATABASE_URL"} {
		if set[prefix+name] {
			return environ, nil
		}
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return environ, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file %s cannot be read", path)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "the file %s holds passwords and can be read by others: chmod 600", path)
	}
	all := slices.Clone(environ)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		name, _, isPair := strings.Cut(line, "=")
		if isPair && strings.HasPrefix(name, prefix) && !set[name] {
			all = append(all, line)
		}
	}
	return all, nil
}
