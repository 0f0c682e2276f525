package keyring

import (
	"crypto/ed25519"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// PublicKey verifies what Sign has signed: plain Ed25519, for any program.
type PublicKey struct {
	ID  string
	Key ed25519.PublicKey
}

// Sign returns a signature of data, and the id of the key it was made with.
func (r *Ring) Sign(data []byte) (id string, signature []byte, err error) {
	k := r.current()
	signature, err = k.signer.Sign(data)
	if err != nil {
		return "", nil, fault.Wrap(fault.Internal, err, "a seal cannot be signed")
	}
	return k.signing, signature, nil
}

// Verify returns an error unless signature is that key's of data: Invalid for a
// wrong one, Internal for a key that is not in the ring.
func (r *Ring) Verify(id string, data, signature []byte) error {
	k, err := r.having(func(k *keys) bool { return k.public[id] != nil })
	if err != nil {
		return err
	}
	if !ed25519.Verify(k.public[id], data, signature) {
		return fault.New(fault.Invalid, "the signature is not that of key %s", id)
	}
	return nil
}

// PublicKeys lists the keys that verify, by id. They are no secret.
func (r *Ring) PublicKeys() []PublicKey {
	var all []PublicKey
	for id, key := range r.current().public {
		all = append(all, PublicKey{id, slices.Clone(key)})
	}
	slices.SortFunc(all, func(a, b PublicKey) int { return strings.Compare(a.ID, b.ID) })
	return all
}
