package xapi

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// digestFor returns the member of SHA-2 that hexadecimal digits of this length
// come from: statements do not name it. nil is none.
func digestFor(sha2 string) hash.Hash {
	if _, err := hex.DecodeString(sha2); err != nil {
		return nil
	}
	switch len(sha2) / 2 {
	case sha256.Size:
		return sha256.New()
	case sha256.Size224:
		return sha256.New224()
	case sha512.Size384:
		return sha512.New384()
	case sha512.Size:
		return sha512.New()
	}
	return nil
}

// RequireFileURLs is the rule for statements that come without parts, as
// application/json: every attachment has a fileUrl, else Invalid
// (xAPI 1.0.3 Communication 1.5.2).
func RequireFileURLs(b *Batch) error {
	return contentsOf(b).missing()
}

// contents keeps account of the attachments of a batch by their hash.
type contents struct {
	received map[string]bool // every hash declared; true: its content came
	needed   []need
}

type need struct {
	statement int
	sha2      string
}

func contentsOf(b *Batch) *contents {
	c := &contents{received: map[string]bool{}}
	for i := range b.Statements {
		for _, a := range b.Statements[i].Attachments {
			sha2 := strings.ToLower(a.SHA2)
			c.received[sha2] = false
			if a.FileURL == "" {
				c.needed = append(c.needed, need{i, sha2})
			}
		}
	}
	return c
}

func (c *contents) declared(sha2 string) bool {
	_, ok := c.received[sha2]
	return ok
}

// receive notes a content, and returns false when it had come before.
func (c *contents) receive(sha2 string) bool {
	if c.received[sha2] {
		return false
	}
	c.received[sha2] = true
	return true
}

// missing is Invalid with one violation for each attachment that has neither
// a fileUrl nor a content.
func (c *contents) missing() error {
	var violations []fault.Violation
	for _, n := range c.needed {
		if !c.received[n.sha2] {
			violations = append(violations, fault.Violation{
				Statement: n.statement,
				Path:      "/attachments",
				Rule:      "the attachment with sha2 " + n.sha2 + " has no fileUrl and no part of a multipart/mixed request",
				Spec:      "xAPI 1.0.3 Communication 1.5.2",
			})
		}
	}
	if violations == nil {
		return nil
	}
	err := fault.New(fault.Invalid, "attachments are missing")
	err.Violations = violations
	return err
}
