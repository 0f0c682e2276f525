package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// logins is what the file of the user's logins holds.
type logins struct {
	Last    string           `json:"last"`    // the server of the last login; "": none
	Servers map[string]login `json:"servers"` // by URL
}

// login is a token for a server, and whose it is.
type login struct {
	Token string `json:"token"`
	Email string `json:"email"`
}

// loginsFile is where a user's logins are kept; "" where there is no place for them.
func loginsFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "stoa", "logins.json")
}

// readLogins reads the file; there may be none. It holds tokens: one that
// others may read is refused (Invalid).
func (sh *shell) readLogins() (l logins, err error) {
	l.Servers = map[string]login{}
	if sh.logins == "" {
		return l, nil
	}
	f, err := os.Open(sh.logins)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fault.Wrap(fault.Invalid, err, "the file of your logins cannot be read")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return l, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return l, fault.New(fault.Invalid, "the file %s holds tokens and can be read by others: chmod 600", sh.logins)
	}
	if err := json.NewDecoder(f).Decode(&l); err != nil || l.Servers == nil {
		return l, fault.Wrap(fault.Invalid, err, "the file %s is damaged: delete it and log in again", sh.logins)
	}
	return l, nil
}

// writeLogins replaces the file, which is complete at every moment and for its
// owner only.
func (sh *shell) writeLogins(l logins) error {
	if sh.logins == "" {
		return fault.New(fault.Invalid, "there is no directory for your settings: set HOME, or use STOA_TOKEN")
	}
	if err := os.MkdirAll(filepath.Dir(sh.logins), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(sh.logins), ".logins-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), sh.logins)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// token is what to show a server: that of STOA_TOKEN, or of the login there.
func (sh *shell) token(server string) (secret.Text, error) {
	if text := variable(sh.environ, "STOA_TOKEN"); text != "" {
		return secret.New(text), nil
	}
	l, err := sh.readLogins()
	if err != nil {
		return secret.Text{}, err
	}
	in, known := l.Servers[server]
	if !known {
		return secret.Text{}, fault.New(fault.Unauthenticated, "you are not logged in: stoa login --server %s", server)
	}
	return secret.New(in.Token), nil
}
