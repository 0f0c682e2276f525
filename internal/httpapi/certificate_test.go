package httpapi

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pemPair makes a self-signed certificate and its key.
func pemPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// A renewed pair is used without a restart; a broken one never is.
func TestRenewedCertificatesAreUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clock := time.Now()
	var log bytes.Buffer
	c := &certificate{
		cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"),
		log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return clock },
	}
	require.Error(t, c.load(), "no files")
	written := time.Now().Add(-time.Hour)
	write := func(cert, key string) {
		t.Helper()
		written = written.Add(time.Minute)
		for name, text := range map[string]string{c.cert: cert, c.key: key} {
			require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
			require.NoError(t, os.Chtimes(name, written, written))
		}
	}
	serves := func() []byte {
		t.Helper()
		pair, err := c.get(nil)
		require.NoError(t, err)
		return pair.Certificate[0]
	}
	certA, keyA := pemPair(t)
	certB, keyB := pemPair(t)
	write(certA, keyA)
	require.NoError(t, c.load())
	first := serves()

	write(certB, keyB)
	require.Equal(t, first, serves(), "not looked at on every handshake")
	clock = clock.Add(certificateAge)
	second := serves()
	require.NotEqual(t, first, second)

	write(certA, keyB) // half of a renewal
	clock = clock.Add(certificateAge)
	require.Equal(t, second, serves())
	require.Contains(t, log.String(), "cannot be read again")
	write(certA, keyA)
	clock = clock.Add(certificateAge)
	require.Equal(t, first, serves())
}
