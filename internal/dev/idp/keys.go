package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// NewKey makes a key for Config: RSA of 2048 bits, PKCS #8.
func NewKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// keys are those that sign (the last) and that still verify.
type keys struct {
	mu  sync.Mutex
	all []key
}

func newKeys(der []byte) (*keys, error) {
	k := &keys{}
	if der == nil {
		return k, k.rotate()
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "the demo provider's key is no RSA key in PKCS #8")
	}
	return k, k.add(private)
}

func (k *keys) rotate() error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return k.add(private)
}

func (k *keys) add(private *rsa.PrivateKey) error {
	public := jose.JSONWebKey{Key: private.Public()}
	thumb, err := public.Thumbprint(hash) // RFC 7638: the same key has the same id after a restart
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, key{text(thumb[:12]), private})
	k.all = k.all[max(0, len(k.all)-2):]
	return nil
}

func (k *keys) signing() key {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[len(k.all)-1]
}

func (k *keys) verifying() []op.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []op.Key
	for _, one := range k.all {
		all = append(all, publicKey{one})
	}
	return all
}

// key is one, as the library wants it.
type key struct {
	id      string
	private *rsa.PrivateKey
}

func (k key) ID() string                                  { return k.id }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k key) Key() any                                    { return k.private }

type publicKey struct{ key }

func (publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                         { return k.private.Public() }
