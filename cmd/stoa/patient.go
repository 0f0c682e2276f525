package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// patient sends requests, and sends them again while the server is away: it
// restarts, its database does, the connection was lost. That is safe because
// every request may arrive twice: what is made has an Idempotency-Key, what is
// changed an If-Match, and the rest has the same end each time.
type patient struct {
	client *http.Client
	begin  time.Duration // the first pause; each is twice the one before
}

// The most that a request costs while nobody answers.
const (
	attempts     = 5
	longestPause = 10 * time.Second
	answerMax    = 64 << 20 // see apiv1.Read
)

// newPatient gives each attempt as long as limit.
func newPatient(limit time.Duration) *patient {
	return &patient{begin: 200 * time.Millisecond, client: &http.Client{
		Timeout: limit,
		// A token goes to the server that it is for, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do answers with a response that has been read from the connection. Errors are
// faults: Unavailable when it is worth trying again later.
func (p *patient) Do(r *http.Request) (*http.Response, error) {
	pause := p.begin
	for attempt := 1; ; attempt++ {
		res, err := p.once(r)
		if attempt == attempts || !away(res, err) || r.Context().Err() != nil {
			return answered(r, res, err)
		}
		wait := pause + rand.N(pause) //nolint:gosec // so that not all come back at once: nobody has to guess it
		if res != nil {
			if asked, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
				wait = max(wait, time.Duration(asked)*time.Second)
			}
		}
		if wait > longestPause {
			return answered(r, res, err)
		}
		select {
		case <-r.Context().Done():
			return answered(r, res, err)
		case <-time.After(wait):
		}
		pause *= 2
	}
}

// once sends r and reads the answer as a whole: it may break off as well.
func (p *patient) once(r *http.Request) (*http.Response, error) {
	attempt := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		attempt.Body = body
	}
	res, err := p.client.Do(attempt)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// away reports whether nobody answered, or somebody who says that it will pass.
func away(res *http.Response, err error) bool {
	if err != nil {
		_, stranger := errors.AsType[*tls.CertificateVerificationError](err)
		return !stranger
	}
	switch res.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// answered is the last word: of the API, or of a gateway or the network that it
// cannot be reached.
func answered(r *http.Request, res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, unreachable(r, err)
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); away(res, nil) && kind != "application/problem+json" {
		return nil, unreachable(r, errors.New(res.Status))
	}
	return res, nil
}

// unreachable says what err, of a connection, means to who asked.
func unreachable(r *http.Request, err error) error {
	if ctx := r.Context(); errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL
	}
	server := fmt.Sprintf("%s://%s", r.URL.Scheme, r.URL.Host)
	if !away(nil, err) {
		return fault.Wrap(fault.Invalid, err, "%s does not prove who it is", server)
	}
	return fault.Wrap(fault.Unavailable, err, "%s cannot be reached", server)
}
