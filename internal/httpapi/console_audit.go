package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// auditRoutes are those of the audit log.
func (a *API) auditRoutes() []route {
	const (
		get, post = http.MethodGet, http.MethodPost
		log       = "/api/v1/tenants/:tenant/audit"
		streams   = log + "/streams"
	)
	return []route{
		{get, log, authz.AuditView, a.listAudit, ofTenant},
		{get, log + "/events/:event", authz.AuditView, a.getAuditEvent, ofTenant},
		{get, log + "/events/:event/proof", authz.AuditView, a.proveAuditEvent, ofTenant},
		{post, log + "/verify", authz.AuditView, a.verifyAudit, ofTenant},
		{get, log + "/export", authz.AuditExport, a.exportAudit, ofTenant},
		{get, streams, authz.AuditExport, a.listStreams, ofTenant},
		{post, streams, authz.AuditExport, a.createStream, ofTenant},
		{get, streams + "/:stream", authz.AuditExport, a.getStream, ofTenant},
		{http.MethodPatch, streams + "/:stream", authz.AuditExport, a.changeStream, ofTenant},
		{http.MethodDelete, streams + "/:stream", authz.AuditExport, a.deleteStream, ofTenant},
		{post, streams + "/:stream/rotate", authz.AuditExport, a.rotateStream, ofTenant},
	}
}

// auditFilter reads which events are wanted.
func (x *exchange) auditFilter() (audit.Filter, error) {
	q := x.query
	f := audit.Filter{Actor: q.Get("actor"), TargetKind: q.Get("targetKind"), Target: q.Get("target"), Session: q.Get("session"), Text: q.Get("text")}
	for name := range listed(q.Get("action")) {
		if !slices.Contains(audit.Types, audit.Type(name)) {
			return f, invalidAt("?action", fault.New(fault.Invalid, "there is no event of this type"))
		}
		if !slices.Contains(f.Types, audit.Type(name)) {
			f.Types = append(f.Types, audit.Type(name))
		}
	}
	for name := range listed(q.Get("outcome")) { // the description has checked them
		f.Outcomes = append(f.Outcomes, audit.Outcome(name))
	}
	// The log counts microseconds; since is before the first of them, until the last.
	for name, bound := range map[string]*time.Time{"since": &f.From, "until": &f.To} {
		if text := q.Get(name); text != "" {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return f, err // the description has checked it
			}
			*bound = at.UTC().Truncate(time.Microsecond).Add(time.Microsecond)
		}
	}
	return f, nil
}

// listed are the parts of a text with commas between; none of an empty one.
func listed(text string) iter.Seq[string] {
	if text == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(text, ",")
}

func auditModel(l *audit.Line) apiv1.AuditEvent {
	m := apiv1.AuditEvent{
		ID: l.Ref(), At: l.At, Actor: apiv1.Actor{ID: l.Actor.ID, Kind: apiv1.ActorKind(l.Actor.Kind), Name: l.Actor.Name},
		Action: string(l.Type), Target: apiv1.AuditTarget{Kind: l.Target.Kind, ID: l.Target.ID, Name: l.Target.Name},
		Outcome: apiv1.AuditEventOutcome(l.Outcome), Address: l.Address, UserAgent: l.UserAgent, Session: l.Session, RequestID: l.RequestID,
	}
	var details map[string]json.RawMessage
	if err := json.Unmarshal([]byte(l.Details), &details); err != nil { // somebody has changed it; verifying says so
		m.Details = map[string]any{"unreadable": l.Details}
		return m
	}
	m.Details = make(map[string]any, len(details))
	for name, value := range details {
		m.Details[name] = jsontext.Value(value)
	}
	return m
}

func (a *API) listAudit(x *exchange) error {
	f, err := x.auditFilter()
	if err != nil {
		return err
	}
	var page apiv1.AuditPage
	limit, _ := strconv.Atoi(x.query.Get("limit"))
	// Where one goes on, and from when, is no other question: who follows the log asks all the time.
	asked := f
	asked.From, asked.To = time.Time{}, time.Time{}
	err = a.recordingLook(x, asked, map[string]any{"filter": f}, audit.Target{}, func(tx *postgres.Tx) error {
		lines, next, err := audit.List(tx, f, audit.Page{After: x.query.Get("after"), Limit: limit})
		page.Items, page.Next = each(lines, auditModel), next
		return err
	})
	if err != nil {
		place := "?after"
		if x.query.Has("text") && !x.query.Has("after") {
			place = "?text"
		}
		return invalidAt(place, err)
	}
	return x.answer(http.StatusOK, page)
}

// recordingLook runs a reading of the log, and records it in the same
// transaction: the first of this person and question in a minute.
func (a *API) recordingLook(x *exchange, question any, details map[string]any, target audit.Target, fn func(*postgres.Tx) error) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	look := denial{x.caller.tenant, x.caller.person.Subject(), string(sum[:])}
	if !a.auditing.looks.first(look) {
		return x.look(fn)
	}
	err = x.change(func(tx *postgres.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return audit.Record(tx, audit.Event{Type: audit.AuditViewed, Target: target, Details: details})
	})
	if err != nil {
		a.auditing.looks.forget(look) // nothing was seen, nothing is recorded: the next one has to be
	}
	return err
}

// event reads the event that the path names, recorded.
func (a *API) event(x *exchange, fn func(*postgres.Tx, *audit.Line) error) error {
	name := x.gin.Param("event")
	event, _ := id.Parse(name) // the description has checked it
	return a.recordingLook(x, name, nil, audit.Target{Kind: "event", ID: name}, func(tx *postgres.Tx) error {
		l, err := audit.Get(tx, event)
		if err != nil {
			return err
		}
		return fn(tx, l)
	})
}

func (a *API) getAuditEvent(x *exchange) error {
	var m apiv1.AuditEvent
	if err := a.event(x, func(_ *postgres.Tx, l *audit.Line) error {
		m = auditModel(l)
		return nil
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, m)
}

func (a *API) proveAuditEvent(x *exchange) error {
	var m apiv1.Proof
	if err := a.event(x, func(tx *postgres.Tx, l *audit.Line) error {
		m = apiv1.Proof{Event: auditModel(l)}
		p, err := audit.Prove(tx, l)
		if fault.Is(err, fault.NotFound) { // in no seal yet
			return nil
		}
		if err != nil {
			return err
		}
		return a.proofModel(&m, p)
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, m)
}

func (a *API) proofModel(m *apiv1.Proof, p *audit.Proof) error {
	encoding, leaf := base64.StdEncoding.EncodeToString(p.Leaf), sha256.Sum256(append([]byte{0}, p.Leaf...))
	m.Sealed, m.Encoding, m.Leaf, m.Index = true, &encoding, optional(hex.EncodeToString(leaf[:])), &p.Index
	m.Path = make([]apiv1.Hash, len(p.Path))
	for i := range p.Path {
		m.Path[i] = hex.EncodeToString(p.Path[i][:])
	}
	s := &p.Seal
	m.Seal = &apiv1.Seal{
		Tenant: s.Tenant, Number: s.Number, Kind: apiv1.SealKind(s.Kind), At: s.At, Count: s.Count, Total: s.Total, Last: s.Last,
		Settled: s.Settled, Newest: s.Newest, Days: s.Days, Expires: s.Expires, Events: hex.EncodeToString(s.Events[:]),
		Root: hex.EncodeToString(s.Root[:]), Previous: hex.EncodeToString(s.Previous[:]), KeyID: s.Key,
		Signature: base64.StdEncoding.EncodeToString(s.Signature), Hash: hex.EncodeToString(p.Hash[:]),
	}
	for _, k := range a.console.Keyring.PublicKeys() {
		if k.ID == s.Key {
			m.PublicKey = optional(base64.StdEncoding.EncodeToString(k.Key))
		}
	}
	return nil
}
