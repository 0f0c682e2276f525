package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest major version whose SQL the migrations are written for.
const oldest = 15

// programs is a directory with initdb and postgres.
type programs struct{ dir string }

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// findPrograms returns the first usable programs in the order of the package
// comment. An existing cluster needs its own major version.
func findPrograms(ctx context.Context, bindir string, c *cluster) (programs, error) {
	if bindir == "" {
		bindir = os.Getenv("STOA_PG_BINDIR")
	}
	if bindir != "" {
		p, err := c.usable(ctx, bindir)
		if err != nil {
			return programs{}, fmt.Errorf("STOA_PG_BINDIR: %w", err)
		}
		return p, nil
	}
	var refused []error
	fromNPM, err := npmPrograms(ctx)
	if err != nil {
		refused = append(refused, err)
	} else if p, err := c.usable(ctx, fromNPM); err == nil {
		return p, nil
	} else {
		refused = append(refused, err)
	}
	for _, dir := range installed() {
		p, err := c.usable(ctx, dir)
		if err == nil {
			return p, nil
		}
		refused = append(refused, err)
	}
	return programs{}, fmt.Errorf(`no usable Postgres found. One of these helps:
  - install Node with npm, from which Stoa fetches its own Postgres
  - install Postgres %d or newer (Debian: apt-get install postgresql; macOS: brew install postgresql)
  - set STOA_PG_BINDIR to the directory of its initdb and postgres
  - set STOA_DATABASE_URL to a database that runs already
What was tried: %w`, oldest, errors.Join(refused...))
}

// installed lists the directories of the system's Postgres, newest first.
func installed() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                                             // Debian
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", // Homebrew
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", "/usr/pgsql-*/bin", // Red Hat
	} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.SortFunc(found, func(a, b string) int { return numberIn(b) - numberIn(a) })
		dirs = append(dirs, found...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	return dirs
}

var number = regexp.MustCompile(`[0-9]+`)

func numberIn(text string) int {
	n, _ := strconv.Atoi(number.FindString(text))
	return n
}

// usable runs the programs of dir once, as the account that will run them, and
// checks their version: npm's need glibc, a cluster needs its own version.
func (c *cluster) usable(ctx context.Context, dir string) (programs, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if !exists(filepath.Join(dir, name)) {
			return programs{}, fmt.Errorf("%s has no %s", dir, name)
		}
	}
	dir, err := c.account.enterable(dir)
	if err != nil {
		return programs{}, err
	}
	p := programs{dir: dir}
	cmd := exec.CommandContext(ctx, p.path("postgres"), "--version")
	c.prepare(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return programs{}, fmt.Errorf("%s does not run here: %w %s", p.path("postgres"), err, strings.TrimSpace(string(out)))
	}
	major, made := numberIn(string(out)), c.version()
	switch {
	case major < oldest:
		return programs{}, fmt.Errorf("%s is version %d, too old", p.path("postgres"), major)
	case made != 0 && made != major:
		return programs{}, fmt.Errorf("%s is version %d, but %s was made by version %d (delete that directory to begin anew)",
			p.path("postgres"), major, c.data(), made)
	}
	return p, nil
}
