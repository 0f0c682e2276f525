package audit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// log5424 sends a batch to a syslog server over TLS, a message an event, each
// after its length (RFC 5425, 4.3). The protocol has no answer: the batch counts
// as delivered when the server has read to its end and closed the connection, or
// has had time to and not complained.
func (s *Streamer) log5424(ctx context.Context, roots *x509.CertPool, address string, b batch) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	raw, err := s.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	deadline, _ := ctx.Deadline()
	if err := raw.SetDeadline(deadline); err != nil {
		return err
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	var all []byte
	for i := range b.lines {
		m := message5424(&b.lines[i])
		all = fmt.Appendf(all, "%d %s", len(m), m)
	}
	if _, err := conn.Write(all); err != nil {
		return err
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	patience := time.Now().Add(s.config.Timeout / 5)
	if err := conn.SetReadDeadline(patience); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, conn, 64<<10)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// message5424 returns one event as an RFC 5424 message: facility 13 (log
// audit), severity notice, or warning where it did not succeed; the text is the
// event's JSON. 32473 is the number for examples (RFC 5612): Stoa has none of its own.
func message5424(l *Line) string {
	severity := 5
	if l.Outcome != Success {
		severity = 4
	}
	text, err := json.Marshal(l)
	if err != nil {
		text = []byte(`{}`)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>1 %s - stoa - %s [stoa@32473", 13*8+severity, l.At.UTC().Format("2006-01-02T15:04:05.000000Z"), l.Type)
	for _, p := range [][2]string{
		{"tenant", fmt.Sprint(l.Tenant)}, {"id", idText(l.ID)}, {"actor", l.Actor.ID}, {"target", l.Target.ID}, {"outcome", string(l.Outcome)}, {"address", l.Address},
	} {
		fmt.Fprintf(&b, ` %s="%s"`, p[0], escape5424.Replace(p[1]))
	}
	// U+FEFF says that the text is UTF-8 (6.4).
	b.WriteString("] \uFEFF")
	b.Write(text)
	return b.String()
}

// escape5424 escapes a parameter's value (6.3.3), and keeps a message on one line.
var escape5424 = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`, "\n", " ", "\r", " ")
