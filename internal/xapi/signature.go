package xapi

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// SignatureUsage is the usageType of an attachment that signs its statement.
const SignatureUsage = "http://adlnet.gov/expapi/attachments/signature"

const (
	signatureType = "application/octet-stream"
	signatureSpec = "xAPI 1.0.3 Data 2.6"

	// An honest chain has a leaf, an intermediate or two and a root; an honest
	// key has at most 4096 bits. More is work for us and no use for anybody.
	mostCertificates = 8
	mostKeyBits      = 8192
)

var signatureAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// Signatures returns the attachments that sign s itself: those of a
// SubStatement sign nothing that could be compared.
func (s *Statement) Signatures() []Attachment {
	if !slices.ContainsFunc(s.Attachments, Attachment.signs) {
		return nil
	}
	own := map[string]bool{}
	for a := scanOf(find(s.Text, "attachments")); a.next(); {
		own[strings.ToLower(string(unquote(find(a.value, "sha2"))))] = true
	}
	var signatures []Attachment
	for _, a := range s.Attachments {
		if a.signs() && own[a.SHA2] {
			signatures = append(signatures, a)
		}
	}
	return signatures
}

func (a Attachment) signs() bool { return a.UsageType == SignatureUsage }

// VerifySignature checks jws, the content of the attachment a, which is one of
// s.Signatures: a JWS in compact serialization, RS256, RS384 or RS512, whose
// payload is the statement before it was signed. With certificates (x5c) the
// chain must hold together and the signature must be that of the first one's
// key. As the specification says, this catches mistakes; whether to trust the
// signer, and whether a certificate has expired since, is for readers to ask.
// It is Invalid otherwise, with a violation of statement 0: which one of its
// batch s is, the caller knows (xAPI 1.0.3 Data 2.6, xAPI 2.0 4.2.6).
func VerifySignature(s *Statement, v Version, a Attachment, jws []byte) error {
	rule := brokenSignature(s, v, a, jws)
	if rule == "" {
		return nil
	}
	err := fault.New(fault.Invalid, "the signature of a statement does not hold")
	err.Violations = []fault.Violation{{Path: "/attachments", Rule: rule, Spec: signatureSpec}}
	return err
}

// brokenSignature returns the rule that a signature breaks, "" for none.
func brokenSignature(s *Statement, v Version, a Attachment, jws []byte) string {
	if a.ContentType != signatureType {
		return "the contentType of a signature is " + signatureType
	}
	payload, err := signedPayload(jws)
	if err != nil {
		return "the signature is not a JWS as the specification wants it: " + abbreviate(strings.TrimPrefix(err.Error(), "go-jose/go-jose: "))
	}
	if err := sameAsSigned(s, v, payload); err != nil {
		return "what is signed is not the statement: " + abbreviate(err.Error())
	}
	return ""
}

// signedPayload returns the payload of a JWS whose signature holds, as far as
// it names certificates.
func signedPayload(jws []byte) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(string(bytes.TrimSpace(jws)), signatureAlgorithms)
	if err != nil {
		return nil, err
	}
	protected, _, _ := bytes.Cut(bytes.TrimSpace(jws), []byte{'.'})
	header, err := base64.RawURLEncoding.DecodeString(string(protected))
	if err != nil {
		return nil, err
	}
	key, err := leafKey(header)
	switch {
	case err != nil:
		return nil, err
	case key == nil:
		return signed.UnsafePayloadWithoutVerification(), nil
	}
	return signed.Verify(key)
}

// leafKey returns the key of the first certificate in a JWS header, nil when
// there is none, after checking that each certificate is signed by the next
// (RFC 7515 4.1.6).
func leafKey(header []byte) (*rsa.PublicKey, error) {
	var h struct {
		X5C *[][]byte `json:"x5c"` // standard base64, as []byte is in JSON
	}
	if err := json.Unmarshal(header, &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if h.X5C == nil {
		return nil, nil
	}
	if len(*h.X5C) == 0 || len(*h.X5C) > mostCertificates {
		return nil, fmt.Errorf("x5c has %d certificates, not 1 to %d", len(*h.X5C), mostCertificates)
	}
	var chain []*x509.Certificate
	for i, der := range *h.X5C {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("x5c certificate %d: %w", i, err)
		}
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > mostKeyBits {
			return nil, fmt.Errorf("x5c certificate %d: key of more than %d bits", i, mostKeyBits)
		}
		if i > 0 {
			if err := chain[i-1].CheckSignatureFrom(cert); err != nil {
				return nil, fmt.Errorf("x5c certificate %d is not signed by the next: %w", i-1, err)
			}
		}
		chain = append(chain, cert)
	}
	key, ok := chain[0].PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the key of the first x5c certificate is not RSA")
	}
	return key, nil
}

// sameAsSigned compares a statement with the payload of its signature. What
// the record store assigns may be missing in either: id, timestamp, version,
// stored, authority; so may every signature, the payload was written before.
func sameAsSigned(s *Statement, v Version, payload []byte) error {
	batch, err := Decode(payload, v, Limits{})
	if err != nil {
		return err
	}
	if batch.Array || len(batch.Statements) != 1 {
		return errors.New("it is not a single statement")
	}
	signed := &batch.Statements[0]
	if signed.ID != uuid.Nil && s.ID != signed.ID {
		return errors.New("its id is another")
	}
	timed := !signed.Timestamp.IsZero() && !s.Timestamp.IsZero()
	want, err := hashUnsigned(signed.Text, v, timed)
	if err != nil {
		return err
	}
	got, err := hashUnsigned(s.Text, v, timed)
	if err != nil {
		return err
	}
	if want != got {
		return errors.New("they differ in more than the record store may add")
	}
	return nil
}

// hashUnsigned returns the hash of a statement without its signatures.
func hashUnsigned(text []byte, v Version, timed bool) ([16]byte, error) {
	unsigned := append(make([]byte, 0, len(text)), '{')
	for s := scanOf(text); s.next(); {
		value := s.value
		switch string(s.name()) {
		case "version":
			continue
		case "timestamp":
			if !timed {
				continue
			}
		case "attachments":
			if value = appendUnsigned(nil, value); len(value) == len("[]") {
				continue
			}
		}
		if len(unsigned) > 1 {
			unsigned = append(unsigned, ',')
		}
		unsigned = append(append(append(unsigned, s.key...), ':'), value...)
	}
	batch, err := Decode(append(unsigned, '}'), v, Limits{})
	if err != nil {
		return [16]byte{}, err
	}
	return batch.Statements[0].Hash, nil
}

// appendUnsigned appends a list of attachments without the signatures.
func appendUnsigned(dst, attachments []byte) []byte {
	dst = append(dst, '[')
	empty := len(dst)
	for s := scanOf(attachments); s.next(); {
		if string(unquote(find(s.value, "usageType"))) == SignatureUsage {
			continue
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		dst = append(dst, s.value...)
	}
	return append(dst, ']')
}
