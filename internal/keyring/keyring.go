// Package keyring holds the platform's keys, of three purposes: secrets at rest
// (AES-256-GCM), signatures of audit seals (Ed25519, RFC 8032) and learners'
// pseudonyms (AES-SIV, RFC 5297). Every ciphertext is bound to its tenant, a
// secret also to its column, so that none can be moved. It never derives a key
// from another, never shows one in an error, and knows nothing of what it
// protects.
//
// The keys live in one file, which all replicas read. Its Tink keysets are
// encrypted with a data key, and that by a key of the cloud's KMS, or of a local
// file (kms.go). A rotation adds a key and makes it the one in use; the keys
// before go on decrypting and verifying. A running process notices within a
// second, or at once when it meets a key that it does not know.
package keyring

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// Config says where the keys are.
type Config struct {
	File string
	KMS  secret.Text // URL of the key that wraps the file's, see CheckKMS; "": a local key in File + ".key"
}

// Ring is an open key ring; it may be used from many goroutines and needs no Close.
type Ring struct {
	config Config
	keys   atomic.Pointer[keys]

	mu      sync.Mutex   // held by whoever looks at the file
	checked atomic.Int64 // when the file was last looked at, Unix milliseconds
}

const (
	recheck  = time.Second      // how old the view of the file may be
	patience = 10 * time.Second // for the KMS
)

// Open reads the key ring. Without a file the error is NotFound; with a file or
// a wrapping key that cannot be used Invalid, when the KMS does not answer Unavailable.
func Open(ctx context.Context, c Config) (*Ring, error) {
	k, err := load(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &Ring{config: c}
	r.keys.Store(k)
	r.checked.Store(time.Now().UnixMilli())
	return r, nil
}

// current returns the keys, after a look at the file when the last one was a while ago.
func (r *Ring) current() *keys {
	if time.Now().UnixMilli()-r.checked.Load() >= recheck.Milliseconds() && r.mu.TryLock() {
		// Not readable for now: what is known goes on working.
		_ = r.reload()
		r.mu.Unlock()
	}
	return r.keys.Load()
}

// having returns the keys that have the one which is asked for: when it is
// unknown the file is read again without delay, for another replica may have
// rotated a moment ago.
func (r *Ring) having(known func(*keys) bool) (*keys, error) {
	k := r.current()
	if known(k) {
		return k, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.reload(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the key ring cannot be read again, and it is needed")
	}
	k = r.keys.Load()
	if !known(k) {
		return nil, errUnknownKey
	}
	return k, nil
}

var errUnknownKey = fault.New(fault.Internal, "the key ring does not have the key of this value: was it made with another key ring?")

// reload reads the file when it is not the one that was read. r.mu is held.
func (r *Ring) reload() error {
	defer func() { r.checked.Store(time.Now().UnixMilli()) }()
	info, err := os.Stat(r.config.File)
	if err != nil {
		return unreadable(r.config.File, err)
	}
	if r.keys.Load().same(info) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	k, err := load(ctx, r.config)
	if err != nil {
		return err
	}
	r.keys.Store(k)
	return nil
}

// Encrypt returns plain encrypted for one column of one tenant.
func (r *Ring) Encrypt(tenant int64, column string, plain []byte) ([]byte, error) {
	out, err := r.current().secrets.Encrypt(plain, place(tenant, column))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a secret cannot be encrypted")
	}
	return out, nil
}

// Decrypt is the inverse of Encrypt. What was changed, or comes from another
// tenant or column, is Internal: it was not a client who wrote it.
func (r *Ring) Decrypt(tenant int64, column string, cipher []byte) ([]byte, error) {
	id, ok := keyID(cipher)
	if !ok {
		return nil, errNotOurs
	}
	k, err := r.having(func(k *keys) bool { return k.has(Secrets, id) })
	if err != nil {
		return nil, err
	}
	plain, err := k.secrets.Decrypt(cipher, place(tenant, column))
	if err != nil {
		return nil, errNotOurs
	}
	return bytes.Clone(plain), nil
}

var errNotOurs = fault.New(fault.Internal, "a secret cannot be decrypted: it was changed, or belongs elsewhere")

// place is what a secret is bound to.
func place(tenant int64, column string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(tenant)), column...)
}

// keyID reads the id from the five bytes that Tink puts before a ciphertext.
func keyID(cipher []byte) (uint32, bool) {
	if len(cipher) < 5 || cipher[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(cipher[1:5]), true
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "there is no key ring at %s: make one with `stoa keyring create`", path)
	}
	return fault.Wrap(fault.Invalid, err, "the key ring %s cannot be read", path)
}
