package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// syslogScheme stands before the address of a syslog server.
const syslogScheme = "syslog+tls://"

func streamModel(s *audit.Stream) apiv1.Stream {
	m := apiv1.Stream{
		ID: id.Text(s.ID), Name: s.Name, Kind: apiv1.StreamKind(s.Kind), URL: streamURL(s), Status: apiv1.StreamStatusActive,
		CreatedAt: s.CreatedAt, Behind: s.Lag, Authority: optional(s.Authority), LastDeliveredAt: s.DeliveredAt, LastError: optional(s.Error),
	}
	switch {
	case !s.Enabled:
		m.Status = apiv1.StreamStatusPaused
	case s.Failures > 0:
		m.Status = apiv1.StreamStatusFailing
	}
	return m
}

// streamURL is where s leads, as it is shown: of a webhook not the path, which
// may be what lets one in there.
func streamURL(s *audit.Stream) string {
	if s.Kind == audit.Syslog {
		return syslogScheme + s.Address
	}
	u, err := url.Parse(s.Address)
	if err != nil {
		return ""
	}
	return "https://" + u.Host + "/…"
}

// streamAddress is the inverse, for what a client sends.
func streamAddress(kind audit.StreamKind, text string) (string, error) {
	if kind != audit.Syslog {
		return text, nil
	}
	address, ok := strings.CutPrefix(text, syslogScheme)
	if !ok {
		return "", invalidAt("/url", fault.New(fault.Invalid, "%shost:port", syslogScheme))
	}
	return address, nil
}

// stream is the id in the path, which the description has checked.
func (x *exchange) stream() int64 {
	n, _ := id.Parse(x.gin.Param("stream"))
	return n
}

func (a *API) listStreams(x *exchange) error {
	var streams []audit.Stream
	if err := x.look(func(tx *postgres.Tx) (err error) {
		streams, err = audit.ListStreams(tx)
		return err
	}); err != nil {
		return err
	}
	p := x.page()
	if p.After != "" {
		i := slices.IndexFunc(streams, func(s audit.Stream) bool { return id.Text(s.ID) == p.After })
		if i < 0 {
			return invalidAt("?after", fault.New(fault.Invalid, "the cursor of the page before"))
		}
		streams = streams[i+1:]
	}
	var page apiv1.StreamPage
	if p.Limit > 0 && len(streams) > p.Limit {
		streams = streams[:p.Limit]
		page.Next = id.Text(streams[p.Limit-1].ID)
	}
	page.Items = each(streams, streamModel)
	return x.answer(http.StatusOK, page)
}

func issuedStream(s *audit.Stream, plain string) created {
	m := streamModel(s)
	return created{version: s.Version, model: apiv1.IssuedStream{Stream: m, Secret: plain}, kept: apiv1.IssuedStream{Stream: m}}
}

func (a *API) createStream(x *exchange) error {
	n, body, err := receive[apiv1.NewStream](x)
	if err != nil {
		return err
	}
	c := audit.StreamConfig{
		Name: n.Name, Kind: audit.StreamKind(n.Kind), Authority: given(n.Authority, ""), Enabled: true, FromStart: given(n.FromStart, false),
	}
	if c.Address, err = streamAddress(c.Kind, n.URL); err != nil {
		return err
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		s, plain, err := audit.CreateStream(tx, a.console.Keyring, c)
		if err != nil {
			return created{}, streamFault(err)
		}
		return issuedStream(s, plain.Reveal()), nil
	})
}

// streamFault says where: what the description cannot check is the address or
// the authority.
func streamFault(err error) error {
	if err != nil && strings.Contains(err.Error(), "authority") {
		return invalidAt("/authority", err)
	}
	return invalidAt("/url", err)
}

func (a *API) getStream(x *exchange) error {
	var s *audit.Stream
	if err := x.look(func(tx *postgres.Tx) (err error) {
		s, err = audit.GetStream(tx, x.stream())
		return err
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, s.Version, streamModel(s))
}

func (a *API) changeStream(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.StreamChange](x)
	if err != nil {
		return err
	}
	var s *audit.Stream
	if err := x.change(func(tx *postgres.Tx) error {
		now, err := audit.GetStream(tx, x.stream())
		if err != nil {
			return err
		}
		next := audit.StreamConfig{
			Name: given(c.Name, now.Name), Kind: now.Kind, Address: now.Address, Authority: given(c.Authority, now.Authority), Enabled: now.Enabled,
		}
		if c.Status != nil {
			next.Enabled = *c.Status == apiv1.StreamChangeStatusActive
		}
		if c.URL != nil && *c.URL != streamURL(now) {
			if next.Address, err = streamAddress(now.Kind, *c.URL); err != nil {
				return err
			}
		}
		seen := version
		if seen == 0 {
			seen = now.Version
		}
		s, err = audit.UpdateStream(tx, now.ID, seen, next)
		return streamFault(err)
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, s.Version, streamModel(s))
}

func (a *API) deleteStream(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	if err := x.change(func(tx *postgres.Tx) error { return audit.DeleteStream(tx, x.stream(), version) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func (a *API) rotateStream(x *exchange) error {
	return x.once(http.StatusOK, nil, func(tx *postgres.Tx) (created, error) {
		plain, err := audit.RotateStreamSecret(tx, a.console.Keyring, x.stream())
		if fault.Is(err, fault.Invalid) { // it is no webhook
			return created{}, fault.Wrap(fault.Conflict, err, "only a webhook has a secret")
		}
		if err != nil {
			return created{}, err
		}
		s, err := audit.GetStream(tx, x.stream())
		if err != nil {
			return created{}, err
		}
		return issuedStream(s, plain.Reveal()), nil
	})
}
