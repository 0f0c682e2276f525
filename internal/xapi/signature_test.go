package xapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// signer is a key with a chain of certificates: its own and the authority's.
type signer struct {
	key   *rsa.PrivateKey
	chain []string // x5c
}

var newSigner = sync.OnceValue(func() signer {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	certify := func(template, parent *x509.Certificate, public, private any) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, private)
		must(err)
		cert, err := x509.ParseCertificate(der)
		must(err)
		return cert
	}
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0), // long expired: no reason to refuse
	}
	ca = certify(ca, ca, authority.Public(), authority)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "signer"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	leaf = certify(leaf, ca, key.Public(), authority)
	return signer{key, []string{base64.StdEncoding.EncodeToString(leaf.Raw), base64.StdEncoding.EncodeToString(ca.Raw)}}
})

// sign returns the compact JWS of payload; x5c nil leaves the header out.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, x5c any, payload string) []byte {
	t.Helper()
	options := &jose.SignerOptions{}
	if x5c != nil {
		options = options.WithHeader("x5c", x5c)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	require.NoError(t, err)
	signed, err := s.Sign([]byte(payload))
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return []byte(compact)
}

const (
	signedBody      = `"actor":{"mbox":"mailto:ann@example.org"},"verb":{"id":"http://example.org/v","display":{"en":"x"}},"object":{"id":"http://example.org/a"},"result":{"score":{"raw":1},"duration":"PT1.004S"}`
	otherAttachment = `{"usageType":"http://example.org/u","display":{"en":"a"},"contentType":"text/plain","length":5,"sha2":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","fileUrl":"http://example.org/f"}`
	signatureHead   = `{"usageType":"` + xapi.SignatureUsage + `","display":{"en":"s"},"contentType":"application/octet-stream","length":9,"sha2":"0000000000000000000000000000000000000000000000000000000000000000"}`
)

func decodeOne(t *testing.T, text string) *xapi.Statement {
	t.Helper()
	batch, err := xapi.Decode([]byte(text), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.Len(t, batch.Statements, 1)
	return &batch.Statements[0]
}

func verify(s *xapi.Statement, jws []byte) error {
	return xapi.VerifySignature(s, xapi.V1, s.Signatures()[0], jws)
}

func TestVerifySignature(t *testing.T) {
	t.Parallel()
	signer := newSigner()
	for name, c := range map[string]struct{ statement, payload string }{
		"as it was":                 {signedBody, signedBody},
		"id and version in both":    {signedBody + `,"id":"` + someID + `","version":"1.0.0"`, signedBody + `,"id":"` + strings.ToUpper(someID) + `","version":"1.0.3"`},
		"what the store may add":    {signedBody + `,"id":"` + someID + `","timestamp":"2026-01-02T03:04:05Z"`, signedBody},
		"a timestamp spelled anew":  {signedBody + `,"timestamp":"2026-01-02T03:04:05Z"`, signedBody + `,"timestamp":"2026-01-02T04:04:05.0+01:00"`},
		"numbers spelled anew":      {signedBody, strings.Replace(signedBody, `"raw":1`, `"raw":1.0`, 1)},
		"a duration beyond 0.01 s":  {signedBody, strings.Replace(signedBody, `PT1.004S`, `PT1.00S`, 1)},
		"display is not part of it": {signedBody, strings.Replace(signedBody, `"en":"x"`, `"de":"y"`, 1)},
		"white space":               {signedBody, " \n" + signedBody + "\t"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := decodeOne(t, "{"+c.statement+`,"attachments":[`+signatureHead+"]}")
			for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512} {
				for _, x5c := range []any{nil, signer.chain, signer.chain[:1]} {
					require.NoError(t, verify(s, sign(t, alg, signer.key, x5c, "{"+c.payload+"}")))
				}
			}
		})
	}
}

func TestVerifySignatureBesideOtherAttachments(t *testing.T) {
	t.Parallel()
	signer := newSigner()
	second := strings.Replace(signatureHead, "0000", "1111", 1)
	s := decodeOne(t, "{"+signedBody+`,"attachments":[`+signatureHead+","+otherAttachment+","+second+"]}")
	require.Len(t, s.Signatures(), 2)
	for _, payload := range []string{otherAttachment, otherAttachment + "," + signatureHead} {
		require.NoError(t, verify(s, sign(t, jose.RS256, signer.key, nil, "{"+signedBody+`,"attachments":[`+payload+"]}")))
	}
	require.Error(t, verify(s, sign(t, jose.RS256, signer.key, nil, "{"+signedBody+"}")), "the other attachment was there when it was signed")
}

func TestSignaturesAreThoseOfTheStatementItself(t *testing.T) {
	t.Parallel()
	sub := `{"objectType":"SubStatement",` + signedBody + `,"attachments":[` + signatureHead + `]}`
	text := strings.Replace(signedBody, `{"id":"http://example.org/a"}`, sub, 1)
	s := decodeOne(t, "{"+text+"}")
	require.Len(t, s.Attachments, 1)
	require.Empty(t, s.Signatures())
	require.Empty(t, decodeOne(t, "{"+signedBody+`,"attachments":[`+otherAttachment+"]}").Signatures())
}

func TestVerifySignatureRefuses(t *testing.T) {
	t.Parallel()
	signer := newSigner()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	const payload = "{" + signedBody + "}"
	good := string(sign(t, jose.RS256, signer.key, signer.chain, payload))
	part := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, jws := range map[string]string{
		"nothing":                             "",
		"no JWS":                              "hello",
		"two parts":                           part[0] + "." + part[1],
		"four parts":                          good + ".x",
		"JSON serialization":                  `{"payload":"` + part[1] + `","protected":"` + part[0] + `","signature":"` + part[2] + `"}`,
		"broken base64":                       part[0] + "." + part[1] + ".***",
		"a header that is no JSON":            base64.RawURLEncoding.EncodeToString([]byte("{")) + "." + part[1] + "." + part[2],
		"no signature with a certificate":     part[0] + "." + part[1] + ".",
		"alg none":                            none + "." + part[1] + ".",
		"HS256":                               string(sign(t, jose.HS256, []byte(strings.Repeat("k", 32)), nil, payload)),
		"ES256":                               string(sign(t, jose.ES256, curve, nil, payload)),
		"PS256":                               string(sign(t, jose.PS256, signer.key, nil, payload)),
		"another key than the certificate's":  string(sign(t, jose.RS256, stranger, signer.chain, payload)),
		"a chain in the wrong order":          string(sign(t, jose.RS256, signer.key, []string{signer.chain[1], signer.chain[0]}, payload)),
		"a chain that does not hold":          string(sign(t, jose.RS256, signer.key, []string{signer.chain[0], signer.chain[0]}, payload)),
		"an empty chain":                      string(sign(t, jose.RS256, signer.key, []string{}, payload)),
		"a certificate that is none":          string(sign(t, jose.RS256, signer.key, []string{"AAAA"}, payload)),
		"x5c of another type":                 string(sign(t, jose.RS256, signer.key, signer.chain[0], payload)),
		"too many certificates":               string(sign(t, jose.RS256, signer.key, append(signer.chain, strings.Split(strings.Repeat(signer.chain[1]+" ", 7), " ")[:7]...), payload)),
		"a payload that is no JSON":           string(sign(t, jose.RS256, signer.key, nil, "{'")),
		"a payload that is no statement":      string(sign(t, jose.RS256, signer.key, nil, "{}")),
		"a payload of several":                string(sign(t, jose.RS256, signer.key, nil, "["+payload+"]")),
		"another statement":                   string(sign(t, jose.RS256, signer.key, nil, strings.Replace(payload, "ann", "bob", 1))),
		"another id":                          string(sign(t, jose.RS256, signer.key, nil, `{"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002",`+signedBody+"}")),
		"another time":                        string(sign(t, jose.RS256, signer.key, nil, `{"timestamp":"2026-01-02T03:04:06Z",`+signedBody+"}")),
		"an attachment the statement has not": string(sign(t, jose.RS256, signer.key, nil, "{"+signedBody+`,"attachments":[`+otherAttachment+"]}")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := decodeOne(t, `{"id":"`+someID+`","timestamp":"2026-01-02T03:04:05Z",`+signedBody+`,"attachments":[`+signatureHead+"]}")
			require.NoError(t, verify(s, []byte(good)))
			require.NoError(t, verify(s, []byte(good+"\n")), "a line break at the end of a file")
			err := verify(s, []byte(jws))
			e, ok := errors.AsType[*fault.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, fault.Invalid, e.Kind)
			require.Len(t, e.Violations, 1)
			require.NotEmpty(t, e.Violations[0].Rule)
		})
	}
}

func TestVerifySignatureWantsItsContentType(t *testing.T) {
	t.Parallel()
	head := strings.Replace(signatureHead, "application/octet-stream", "text/plain; charset=ascii", 1)
	s := decodeOne(t, "{"+signedBody+`,"attachments":[`+head+"]}")
	err := verify(s, sign(t, jose.RS256, newSigner().key, nil, "{"+signedBody+"}"))
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
}

func FuzzVerifySignature(f *testing.F) {
	batch, err := xapi.Decode([]byte("{"+signedBody+`,"attachments":[`+signatureHead+"]}"), xapi.V1, xapi.Limits{})
	require.NoError(f, err)
	s := &batch.Statements[0]
	header := `{"alg":"RS256","x5c":["` + newSigner().chain[0] + `"]}`
	f.Add([]byte(`{"alg":"RS256"}`), []byte("{"+signedBody+"}"), []byte("signature"))
	f.Add([]byte(header), []byte("{"+signedBody+"}"), []byte("signature"))
	f.Add([]byte(`{"alg":"RS512","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"},"crit":["b64"],"b64":false}`), []byte("[]"), []byte{})
	f.Fuzz(func(t *testing.T, header, payload, signature []byte) {
		encode := base64.RawURLEncoding.EncodeToString
		err := xapi.VerifySignature(s, xapi.V1, s.Signatures()[0], []byte(encode(header)+"."+encode(payload)+"."+encode(signature)))
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		signed, err := xapi.Decode(payload, xapi.V1, xapi.Limits{})
		require.NoError(t, err)
		require.Equal(t, s.Verb, signed.Statements[0].Verb)
	})
}
