package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// delivery is the body of a webhook.
type delivery struct {
	Type      string    `json:"type"` // audit.events
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		Tenant int64  `json:"tenant"`
		Events []Line `json:"events"` // in the order of the chain
	} `json:"data"`
}

// post sends a batch as Standard Webhooks describes: any 2xx accepts it, a
// redirect does not, and nothing of the answer's body is kept.
func (s *Streamer) post(ctx context.Context, roots *x509.CertPool, address string, key []byte, b batch) error {
	now := time.Now().UTC()
	d := delivery{Type: "audit.events", Timestamp: now}
	d.Data.Tenant, d.Data.Events = b.lines[0].Tenant, b.lines
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Stoa")
	r.Header.Set("Webhook-Id", b.id)
	r.Header.Set("Webhook-Timestamp", stamp)
	r.Header.Set("Webhook-Signature", signWebhook(key, b.id, stamp, body))
	// A connection of its own: the tenant's certificates are not another's, and no proxy of the environment is asked.
	transport := &http.Transport{
		DialContext: s.dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
	}
	client := http.Client{
		Transport: transport, Timeout: s.config.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // for a clean end of the connection
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the server answered %d", answer.StatusCode)
	}
	return nil
}

// signWebhook returns the signature of a delivery, version 1.
func signWebhook(key []byte, id, stamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
