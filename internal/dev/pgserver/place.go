package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cacheDir is where downloads are kept. Root's is not its home, which the
// account that runs Postgres may not enter.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/stoa", mkdirOpen("/var/cache/stoa")
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place to keep Postgres: %w", err)
	}
	dir = filepath.Join(dir, "stoa")
	return dir, os.MkdirAll(dir, 0o755)
}

// mkdirOpen makes dir and its missing parents enterable for everybody,
// whatever the umask says.
func mkdirOpen(dir string) error {
	if !exists(filepath.Dir(dir)) {
		if err := mkdirOpen(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		if os.IsExist(err) {
			return nil
		}
		return err
	}
	return os.Chmod(dir, 0o755)
}

// openTree lets everybody read dir, whatever the umask says: what is in it is
// public.
func openTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if entry.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

// enterable returns bindir, or its copy in the cache when the account may not
// enter bindir itself (a build under /root). The whole prefix is copied:
// Postgres finds its libraries and its share directory relative to itself.
func (a account) enterable(bindir string) (string, error) {
	bindir, err := filepath.Abs(bindir)
	if err != nil {
		return "", err
	}
	if a.mayEnter(bindir) {
		return bindir, nil
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	program, err := os.Stat(filepath.Join(bindir, "postgres"))
	if err != nil {
		return "", err
	}
	prefix, bin := filepath.Split(bindir)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", prefix, program.ModTime().UnixNano()))
	home := filepath.Join(cache, "copy-"+hex.EncodeToString(sum[:6]))
	if exists(home) {
		return filepath.Join(home, bin), nil
	}
	work, err := os.MkdirTemp(cache, "copying-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	for _, part := range []string{bin, "lib", "share"} {
		if from := filepath.Join(prefix, part); exists(from) {
			if err := os.CopyFS(filepath.Join(work, part), os.DirFS(from)); err != nil {
				return "", fmt.Errorf("copy %s to where uid %d may enter: %w", prefix, a.uid, err)
			}
		}
	}
	if err := openTree(work); err != nil {
		return "", err
	}
	if err := os.Rename(work, home); err != nil && !exists(home) {
		return "", err
	}
	return filepath.Join(home, bin), nil
}
