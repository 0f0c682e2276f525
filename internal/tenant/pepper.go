package tenant

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// Peppers are the server's own keys for hashing secrets: HMAC-SHA256, because a
// 256-bit random secret needs no slow hash. Each has a version; new secrets are
// hashed with the last one, and a version must stay until no secret uses it.
type Peppers struct {
	byVersion map[int16][]byte
	current   int16
}

// minPepper is what a pepper must have of entropy, in bytes.
const minPepper = 32

// ParsePeppers reads "1:<base64>,2:<base64>" (standard or URL alphabet, with or
// without padding; at least 32 bytes each; versions 1 to 32767). The last is
// current. Errors are Invalid and never show a pepper.
func ParsePeppers(text string) (*Peppers, error) {
	p := &Peppers{byVersion: map[int16][]byte{}}
	for i, item := range strings.Split(text, ",") {
		number, encoded, found := strings.Cut(strings.TrimSpace(item), ":")
		version, err := strconv.ParseInt(number, 10, 16)
		if !found || err != nil || version < 1 {
			return nil, fault.New(fault.Invalid, "pepper %d must have the form version:base64, with a version from 1 to 32767", i+1)
		}
		encoded = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(encoded, "="))
		raw, err := base64.RawStdEncoding.DecodeString(encoded)
		if err != nil || len(raw) < minPepper {
			return nil, fault.New(fault.Invalid, "pepper version %d must be at least %d bytes in base64, e.g. from `openssl rand -base64 32`", version, minPepper)
		}
		if _, twice := p.byVersion[int16(version)]; twice {
			return nil, fault.New(fault.Invalid, "pepper version %d is given twice", version)
		}
		p.byVersion[int16(version)] = raw
		p.current = int16(version)
	}
	return p, nil
}

// hash binds the secret to its key, so that a hash copied to another row of the
// database opens nothing. False: the version is not configured here.
func (p *Peppers) hash(version int16, tenant, key int64, plain string) (h [sha256.Size]byte, known bool) {
	pepper, known := p.byVersion[version]
	mac := hmac.New(sha256.New, pepper)
	var ids [16]byte
	binary.BigEndian.PutUint64(ids[:8], uint64(tenant))
	binary.BigEndian.PutUint64(ids[8:], uint64(key))
	mac.Write(ids[:])
	mac.Write([]byte(plain))
	mac.Sum(h[:0])
	return h, known
}

func (p *Peppers) matches(s storedSecret, tenant, key int64, plain string) bool {
	h, known := p.hash(s.Pepper, tenant, key, plain)
	return subtle.ConstantTimeCompare(h[:], s.Hash) == 1 && known
}

// Pretend costs what the comparison with one stored secret costs. It is for
// user names that do not exist, so that they cannot be told from a wrong secret.
func (p *Peppers) Pretend(plain string) {
	_ = p.matches(storedSecret{Pepper: p.current, Hash: make([]byte, sha256.Size)}, 0, 0, plain)
}

// secretPrefix lets people and secret scanners recognise what they found.
const secretPrefix = "stoa_"

var secretEncoding = base32.NewEncoding(id.Digits).WithPadding(base32.NoPadding)

// newSecret returns 256 random bits as text that needs no quoting anywhere.
func newSecret() secret.Text {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: the program ends instead
	return secret.New(secretPrefix + secretEncoding.EncodeToString(raw[:]))
}
