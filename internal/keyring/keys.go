package keyring

import (
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/signature"
	tinked25519 "github.com/tink-crypto/tink-go/v2/signature/ed25519"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Purpose is what a key is for.
type Purpose string

// The purposes.
const (
	Secrets   Purpose = "secrets"    // secrets at rest: AES-256-GCM
	Seals     Purpose = "seals"      // signatures of audit seals: Ed25519
	Pseudonym Purpose = "pseudonyms" // AES-SIV, 512-bit keys
)

// Purposes are all of them, in the order of the file.
var Purposes = []Purpose{Secrets, Seals, Pseudonym}

// template says what a new key of the purpose is.
func (p Purpose) template() *tinkpb.KeyTemplate {
	switch p {
	case Secrets:
		return aead.AES256GCMKeyTemplate()
	case Seals:
		return signature.ED25519KeyWithoutPrefixTemplate() // plain signatures: any program verifies them
	default:
		return daead.AESSIVKeyTemplate()
	}
}

// set is the keys of one purpose.
type set struct {
	handle *keyset.Handle
	keys   []birthday // in the order of their making
}

// add returns the set with a new key, which is the one in use.
func (s set) add(purpose Purpose, now time.Time) (set, error) {
	manager := keyset.NewManager()
	if s.handle != nil {
		manager = keyset.NewManagerFromHandle(s.handle)
	}
	id, err := manager.Add(purpose.template())
	if err == nil {
		err = manager.SetPrimary(id)
	}
	if err != nil {
		return set{}, fault.Wrap(fault.Internal, err, "a key for %s cannot be made", purpose)
	}
	handle, err := manager.Handle()
	if err != nil {
		return set{}, fault.Wrap(fault.Internal, err, "a key for %s cannot be made", purpose)
	}
	return set{handle, append(slices.Clone(s.keys), birthday{id, now.UTC().Truncate(time.Second)})}, nil
}

// keys is one version of the file, ready for use. It does not change.
type keys struct {
	info fs.FileInfo
	sets map[Purpose]set

	secrets    tink.AEAD
	pseudonyms tink.DeterministicAEAD
	signer     tink.Signer
	signing    string // id of the signer's key
	public     map[string]ed25519.PublicKey
}

// open makes the keys usable.
func (k *keys) open() (err error) {
	for _, purpose := range Purposes {
		if k.sets[purpose].handle == nil {
			return fmt.Errorf("no %s", purpose)
		}
	}
	if k.secrets, err = aead.New(k.sets[Secrets].handle); err != nil {
		return err
	}
	if k.pseudonyms, err = daead.New(k.sets[Pseudonym].handle); err != nil {
		return err
	}
	seals := k.sets[Seals].handle
	if k.signer, err = signature.NewSigner(seals); err != nil {
		return err
	}
	primary, err := seals.Primary()
	if err != nil {
		return err
	}
	k.signing = name(primary.KeyID())
	verifying, err := seals.Public()
	if err != nil {
		return err
	}
	k.public = map[string]ed25519.PublicKey{}
	for i := range verifying.Len() {
		entry, err := verifying.Entry(i)
		if err != nil {
			return err
		}
		key, ok := entry.Key().(*tinked25519.PublicKey)
		if !ok {
			return fmt.Errorf("a key for seals that is not Ed25519")
		}
		k.public[name(entry.KeyID())] = key.KeyBytes()
	}
	return nil
}

// same reports whether the file is the one that was read.
func (k *keys) same(now fs.FileInfo) bool {
	return os.SameFile(k.info, now) && k.info.Size() == now.Size() && k.info.ModTime().Equal(now.ModTime())
}

func (k *keys) has(purpose Purpose, id uint32) bool {
	return slices.ContainsFunc(k.sets[purpose].keys, func(b birthday) bool { return b.ID == id })
}

// name is how people see the id of a key.
func name(id uint32) string { return fmt.Sprintf("%08x", id) }

// Key is what may be known of a key.
type Key struct {
	Purpose   Purpose   `json:"purpose"`
	ID        string    `json:"id"`     // 8 hexadecimal digits
	Status    string    `json:"status"` // "in use", or "kept" for what was made with it
	CreatedAt time.Time `json:"created_at"`
}

// List returns all keys, by purpose, the oldest first.
func (r *Ring) List() ([]Key, error) {
	var all []Key
	k := r.current()
	for _, purpose := range Purposes {
		primary, err := k.sets[purpose].handle.Primary()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "no key for %s is in use", purpose)
		}
		for _, b := range k.sets[purpose].keys {
			status := "kept"
			if b.ID == primary.KeyID() {
				status = "in use"
			}
			all = append(all, Key{purpose, name(b.ID), status, b.CreatedAt})
		}
	}
	return all, nil
}
