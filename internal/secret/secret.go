// Package secret holds text that must not be seen: passwords, keys, URLs with
// either. It owns no data and imports nothing of Stoa.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Text is a text that prints, marshals and logs as [redacted], whatever the
// verb. Only Reveal gives it out. The zero Text is empty.
type Text struct{ text string }

const redacted = "[redacted]"

// New returns text, hidden.
func New(text string) Text { return Text{text} }

// Reveal returns the text itself. Its callers are the places to review.
func (t Text) Reveal() string { return t.text }

// IsZero reports whether there is no text.
func (t Text) IsZero() bool { return t.text == "" }

// String returns [redacted].
func (Text) String() string { return redacted }

// GoString returns [redacted]: %#v prints fields otherwise.
func (Text) GoString() string { return redacted }

// Format prints [redacted] for every verb: %d and %x would reach the field.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText gives [redacted] to JSON, XML and whatever else asks.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives [redacted] to slog.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// UnmarshalText reads the text, as configuration does.
func (t *Text) UnmarshalText(b []byte) error {
	t.text = string(b)
	return nil
}
