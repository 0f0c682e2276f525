package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// hash is a SHA-256.
type hash [sha256.Size]byte

// MarshalText gives hexadecimal digits.
func (h hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads hexadecimal digits.
func (h *hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	copy(h[:], b)
	return nil
}

// hashNode returns the hash of two neighbours (RFC 6962, 2.1).
func hashNode(left, right hash) hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// merkleRoot returns the Merkle tree hash of leaves (RFC 6962, 2.1).
func merkleRoot(leaves []hash) hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return hashNode(merkleRoot(leaves[:k]), merkleRoot(leaves[k:]))
}

// merklePath returns the audit path of leaf i, from the leaf upwards (RFC 6962, 2.1.1).
func merklePath(leaves []hash, i int) []hash {
	if len(leaves) <= 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(merklePath(leaves[:k], i), merkleRoot(leaves[k:]))
	}
	return append(merklePath(leaves[k:], i-k), merkleRoot(leaves[:k]))
}

// split returns the greatest power of two below n, for n > 1.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// rootOf returns the root that leaf, number i of n, leads to by path; false
// where the path has not the length that it must have (RFC 9162, 2.1.3.2).
func rootOf(leaf hash, i, n int, path []hash) (hash, bool) {
	if i < 0 || i >= n {
		return hash{}, false
	}
	at, last := i, n-1
	for _, sibling := range path {
		if last == 0 {
			return hash{}, false
		}
		if at&1 == 1 || at == last {
			leaf = hashNode(sibling, leaf)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			leaf = hashNode(leaf, sibling)
		}
		at, last = at>>1, last>>1
	}
	return leaf, last == 0
}
