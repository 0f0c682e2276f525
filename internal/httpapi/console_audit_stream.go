package httpapi

import (
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// auditing is what requests to the audit log have in common.
type auditing struct {
	looks *denials // which readings of the log have been recorded in this minute

	mu        sync.Mutex
	verifying map[int64]bool // tenants whose chain is being verified
}

func newAuditing(clock func() time.Time) *auditing {
	if clock == nil {
		clock = time.Now
	}
	return &auditing{looks: newDenials(clock), verifying: map[int64]bool{}}
}

// maxVerifying is how many chains are verified at once: each reads a whole log.
const maxVerifying = 2

// verify lets one request verify the tenant's chain, until done.
func (a *auditing) verify(tenant int64) (done func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.verifying[tenant] || len(a.verifying) >= maxVerifying {
		f := fault.New(fault.RateLimited, "a log is being verified already: ask again in a moment")
		f.RetryAfter = 10 * time.Second
		return nil, f
	}
	a.verifying[tenant] = true
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.verifying, tenant)
	}, nil
}

// pieces is an answer of unknown length, which begins with its first piece. It
// may pause for as long as it takes to find the next one.
type pieces struct {
	x                 *exchange
	contentType, name string // name: of the file that a browser saves it as; "": none
}

func (p *pieces) begin() {
	if p.x.wroteHeader {
		return
	}
	h := p.x.Header()
	h.Set("Content-Type", p.contentType)
	if p.name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+p.name+`"`)
	}
	p.x.writer().WriteHeader(http.StatusOK)
}

// Write implements io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	p.begin()
	p.x.allowed = 0 // the time that the last piece was given is over
	return p.x.writer().Write(b)
}

// line writes a model as a line of its own, at once.
func (p *pieces) line(model any) error {
	text, err := json.Marshal(model)
	if err != nil {
		return err
	}
	if _, err := p.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := http.NewResponseController(p.x.ResponseWriter).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

const ndjson = "application/x-ndjson"

// tellEvery is how often verifying says how far it is.
const tellEvery = time.Second

func (a *API) verifyAudit(x *exchange) error {
	done, err := a.auditing.verify(x.caller.tenant)
	if err != nil {
		return err
	}
	defer done()
	out := &pieces{x: x, contentType: ndjson}
	told := time.Now()
	report, err := audit.Verify(x.context(), audit.InTenant(a.DB, x.caller.scope()), x.caller.tenant, audit.VerifyOptions{
		Verifier: a.console.Keyring, Anchors: a.Anchors,
		Progress: func(seals, events int64) {
			if now := time.Now(); now.Sub(told) >= tellEvery {
				told = now
				_ = out.line(apiv1.Verification{Seals: seals, Events: events}) // who has gone, ends the context
			}
		},
	})
	if err != nil {
		return err
	}
	if err := x.change(func(tx *postgres.Tx) error {
		e := audit.Event{Type: audit.AuditVerified, Outcome: audit.Success, Details: map[string]any{
			"ok": report.OK, "seals": report.Seals, "events": report.Events, "problems": report.Problems, "head": hex.EncodeToString(report.Head[:]),
		}}
		if !report.OK {
			e.Outcome = audit.Failure
		}
		return audit.Record(tx, e)
	}); err != nil {
		return err
	}
	return out.line(verificationModel(report))
}

func verificationModel(r *audit.Report) apiv1.Verification {
	return apiv1.Verification{
		Done: true, Seals: r.Seals, Events: r.Events, Ok: &r.OK, ExpiredUpToSeal: &r.Expired, Waiting: &r.Waiting, Anchors: &r.Anchors,
		Head: optional(hex.EncodeToString(r.Head[:])), At: optional(r.At), Problems: &r.Problems,
		Findings: each(r.Findings, func(f *audit.Finding) apiv1.Finding {
			return apiv1.Finding{Kind: string(f.Kind), Seal: optional(f.Seal), Event: optional(f.Event), Text: f.Text}
		}),
	}
}

// exportAudit writes row by row: as much memory as a page takes, however much there is.
func (a *API) exportAudit(x *exchange) error {
	f, err := x.auditFilter()
	if err != nil {
		return err
	}
	format := audit.Format(x.query.Get("format"))
	out := &pieces{x: x, contentType: ndjson, name: "audit-" + x.gin.Param("tenant") + "-" + x.now().UTC().Format("20060102T150405Z") + "." + string(format)}
	if format == audit.CSV {
		out.contentType = "text/csv; charset=utf-8"
	}
	if x.request.Method == http.MethodHead { // nothing is taken out
		out.begin()
		return nil
	}
	if _, err := audit.Export(x.context(), a.DB, x.caller.scope(), f, format, out); err != nil {
		return invalidAt("?text", err)
	}
	out.begin() // there may have been none
	return nil
}
