package dev

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const secretsFile = "secrets.json"

// secrets is what cannot be made again: without the file new keys are minted.
type secrets struct {
	path   string
	Pepper string              `json:"pepper"`
	Stores map[string]demoFile `json:"stores"` // by "tenant/store"

	Provider providerFile `json:"provider"`
}

// demoFile is what is known of one demo store.
type demoFile struct {
	ID        int64     `json:"id"`         // with CreatedAt it tells this store from one of another database
	CreatedAt time.Time `json:"created_at"` // of the store
	User      string    `json:"user"`
	Secret    string    `json:"secret"`
	Filled    bool      `json:"filled"` // has its demo statements
}

// lockDir makes the directory and claims it for this process. The lock goes
// with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	// Enterable for others, because root's Postgres runs as somebody else.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another `stoa dev` runs on %s already: stop that first", dir)
	}
	return f, nil
}

// loadSecrets reads the secrets, making a pepper when there is none yet.
func loadSecrets(dir string) (*secrets, error) {
	s := &secrets{path: filepath.Join(dir, secretsFile), Stores: map[string]demoFile{}}
	text, err := os.ReadFile(s.path)
	if err == nil {
		if err := json.Unmarshal(text, s); err != nil {
			return nil, fmt.Errorf("%s cannot be read (delete it to get a new pepper and new demo keys): %w", s.path, err)
		}
		return s, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var pepper [32]byte
	_, _ = rand.Read(pepper[:]) // never fails: the program ends instead
	s.Pepper = "1:" + base64.StdEncoding.EncodeToString(pepper[:])
	return s, s.save()
}

func (s *secrets) save() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(s.path, append(text, '\n'))
}

// replaceFile writes a file that only its owner may read: whole or not at all.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when all went well
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
