package keyring

import (
	"bytes"
	"encoding/base32"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Pseudonyms turns the identities of one tenant's learners into pseudonyms and
// back. The same identity has the same pseudonym until the key is rotated, and
// another one in every tenant; a pseudonym from before a rotation still leads
// to its identity.
type Pseudonyms struct {
	ring   *Ring
	tenant int64
}

// Pseudonyms returns the pseudonyms of a tenant.
func (r *Ring) Pseudonyms(tenant int64) Pseudonyms { return Pseudonyms{r, tenant} }

// maxIdentity bounds what may have a pseudonym, in bytes.
const maxIdentity = 1 << 16

// pseudonymText is lower-case RFC 4648 base32: it fits into URLs, file names
// and domain names, and survives being read out.
var pseudonymText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Encrypt returns the pseudonym of an identity of up to 64 KiB, longer is
// Invalid: 135 characters of [a-z2-7] for up to 63 bytes, and so on in powers
// of two, so that its length tells next to nothing of whom it stands for.
func (p Pseudonyms) Encrypt(identity []byte) (string, error) {
	if len(identity) >= maxIdentity {
		return "", fault.New(fault.Invalid, "an identity of more than %d bytes has no pseudonym", maxIdentity-1)
	}
	size := 64
	for size <= len(identity) {
		size *= 2
	}
	padded := make([]byte, size) // ISO/IEC 7816-4: 80 and zeros
	padded[copy(padded, identity)] = 0x80
	out, err := p.ring.current().pseudonyms.EncryptDeterministically(padded, place(p.tenant, ""))
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "a pseudonym cannot be made")
	}
	return pseudonymText.EncodeToString(out[1:]), nil // the first byte is always 1
}

// Decrypt returns the identity of a pseudonym. Whatever is none of this
// tenant's is NotFound, without telling why.
func (p Pseudonyms) Decrypt(pseudonym string) ([]byte, error) {
	if len(pseudonym) > pseudonymText.EncodedLen(2*maxIdentity) {
		return nil, errNoPseudonym
	}
	raw, err := pseudonymText.DecodeString(pseudonym)
	// One text for one pseudonym: not another whose last bits are ignored.
	if err != nil || pseudonymText.EncodeToString(raw) != pseudonym {
		return nil, errNoPseudonym
	}
	cipher := append([]byte{1}, raw...)
	id, ok := keyID(cipher)
	if !ok {
		return nil, errNoPseudonym
	}
	k, err := p.ring.having(func(k *keys) bool { return k.has(Pseudonym, id) })
	switch {
	case fault.Is(err, fault.Internal):
		return nil, errNoPseudonym
	case err != nil:
		return nil, err
	}
	padded, err := k.pseudonyms.DecryptDeterministically(cipher, place(p.tenant, ""))
	if err != nil {
		return nil, errNoPseudonym
	}
	end := bytes.LastIndexByte(padded, 0x80)
	if end < 0 {
		return nil, errNoPseudonym
	}
	return padded[:end], nil
}

var errNoPseudonym = fault.New(fault.NotFound, "there is nobody of this pseudonym")
