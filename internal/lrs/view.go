package lrs

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// View is how a person looks at a store in the console: a page at a time, so
// many statements an hour, each look in the audit log, and without knowing who
// people are unless that is permitted.
type View struct {
	Scope  postgres.Scope
	Store  int64
	Slug   string             // of the store, for the log
	Actor  string             // whose looks are counted: an audit actor
	Cap    int                // statements an hour
	People keyring.Pseudonyms // of the tenant
	Masked bool               // people are shown as pseudonyms
}

// Viewed is one statement as a person may see it.
type Viewed struct {
	Record
	Voided bool
}

// ViewPage is one page of them.
type ViewPage struct {
	Statements        []Viewed
	Next              Cursor
	Reached           time.Time // set: looking stopped here, with Next to go on, before the page was full
	Remaining         int       // statements that the person may still look at in this hour
	ConsistentThrough time.Time

	unsettled bool // as in Page
}

// maxViewPage is the most statements of one look.
const maxViewPage = 100

// ViewStatements returns the page of q and results that follows after, as Find
// does; but it looks through a bounded number of statements only, for well under
// a second (waiting for the settler apart): then the page is short, perhaps empty, Reached says up to where, and
// Next goes on. RateLimited: the person has looked at as many as an hour allows. Forbidden:
// q asks for a person by other than the pseudonym, or for a verb or an activity
// with an address in its id, where people are masked.
func (r *LRS) ViewStatements(ctx context.Context, v View, q *xapi.Query, results Results, after Cursor) (*ViewPage, error) {
	query := *q
	if query.Limit <= 0 || query.Limit > maxViewPage {
		query.Limit = maxViewPage
	}
	var err error
	if query.Agent, err = v.agent(q.Agent); err != nil {
		return nil, err
	}
	if v.Masked && (xapi.HoldsAddress(q.Activity) || xapi.HoldsAddress(q.Verb)) {
		return nil, fault.New(fault.Forbidden, "an id with an address in it can be asked for by who may see people only: that needs statements.view_identity")
	}
	var out *ViewPage
	remaining, err := r.look(ctx, v, func(tx *postgres.Tx) ([]Viewed, map[string]any, bool, error) {
		s := newSearch(v.read(), &query, after)
		s.results, s.budget = results, newBudget(r.now)
		page, err := r.find(ctx, tx, s)
		if err != nil {
			return nil, nil, false, err
		}
		out = &ViewPage{Statements: make([]Viewed, len(page.Records)), Next: page.Next, Reached: page.Reached, ConsistentThrough: page.ConsistentThrough}
		for i, rec := range page.Records {
			out.Statements[i].Record = rec
		}
		told, err := v.told(q, results)
		return out.Statements, told, page.unsettled, err
	})
	if err != nil {
		return nil, err
	}
	out.Remaining = remaining
	return out, nil
}

// ViewStatement returns one statement, voided or not; NotFound: the store has none.
func (r *LRS) ViewStatement(ctx context.Context, v View, id uuid.UUID) (*Viewed, error) {
	var out []Viewed
	_, err := r.look(ctx, v, func(tx *postgres.Tx) ([]Viewed, map[string]any, bool, error) {
		l, err := r.loadID(ctx, tx, v.read(), id)
		if err != nil {
			return nil, nil, false, err
		}
		if l == nil {
			return nil, nil, false, fault.New(fault.NotFound, "there is no such statement")
		}
		out = []Viewed{{l.record(xapi.V2), l.voided}}
		return out, map[string]any{"statement": id.String()}, false, nil
	})
	if err != nil {
		return nil, err
	}
	return &out[0], nil
}

// ViewRelated returns statements that belong to the one with id, newest first:
// those of its registration or, if it has none, of its actor and activity.
func (r *LRS) ViewRelated(ctx context.Context, v View, id uuid.UUID, after Cursor) (*ViewPage, error) {
	return r.viewBeside(ctx, v, id, "related to", func(tx *postgres.Tx, s *xapi.Statement, out *ViewPage) error {
		query := xapi.Query{Registration: s.Registration, Limit: maxViewPage}
		if s.Registration == uuid.Nil {
			query.Agent, query.Activity = s.Actor, s.Activity
		}
		if query.Agent == "" && query.Activity == "" && query.Registration == uuid.Nil {
			return nil // an anonymous group and a reference: nothing to go by
		}
		page, err := r.find(ctx, tx, newSearch(v.read(), &query, after))
		if err != nil {
			return err
		}
		out.Next, out.ConsistentThrough, out.unsettled = page.Next, page.ConsistentThrough, page.unsettled
		for _, rec := range page.Records {
			if rec.ID != id {
				out.Statements = append(out.Statements, Viewed{Record: rec})
			}
		}
		return nil
	})
}

// ViewVoidedBy returns the statements that void the one with id: normally one.
func (r *LRS) ViewVoidedBy(ctx context.Context, v View, id uuid.UUID) (*ViewPage, error) {
	return r.viewBeside(ctx, v, id, "voiding", func(tx *postgres.Tx, s *xapi.Statement, out *ViewPage) error {
		found := newSearch(v.read(), &xapi.Query{
			Verb: xapi.VoidedVerb, Agent: s.Actor, Activity: s.Activity, Registration: s.Registration, Ascending: true,
		}, 0)
		for _, c := range found.conditions { // voiders have the verb themselves, and the rest through their reference
			if c.column == "verb" {
				c.own.ways = anyway
			}
		}
		if err := found.begin(ctx, tx, &out.ConsistentThrough); err != nil {
			return err
		}
		out.unsettled = !found.unsettled.IsZero()
		for looked := 0; looked < maxVoiders; {
			candidates, err := found.next(ctx, tx, maxViewPage)
			if err != nil || len(candidates) == 0 {
				return err
			}
			for looked += len(candidates); len(candidates) > 0; {
				var some []loaded
				if some, candidates, err = r.load(ctx, tx, v.read(), candidates); err != nil {
					return err
				}
				for i := range some {
					s, err := xapi.TermsOf(some[i].text)
					if err != nil {
						return err
					}
					if s.Voids && s.Target == id {
						out.Statements = append(out.Statements, Viewed{Record: some[i].record(xapi.V2)})
					}
				}
			}
		}
		return nil
	})
}

// maxVoiders bounds how many voiding statements of one actor and activity are looked through.
const maxVoiders = 5000

// viewBeside looks for statements by what the one with id says.
func (r *LRS) viewBeside(
	ctx context.Context, v View, id uuid.UUID, how string, fill func(tx *postgres.Tx, of *xapi.Statement, out *ViewPage) error,
) (*ViewPage, error) {
	var out *ViewPage
	remaining, err := r.look(ctx, v, func(tx *postgres.Tx) ([]Viewed, map[string]any, bool, error) {
		l, err := r.loadID(ctx, tx, v.read(), id)
		if err != nil {
			return nil, nil, false, err
		}
		if l == nil {
			return nil, nil, false, fault.New(fault.NotFound, "there is no such statement")
		}
		s, err := xapi.TermsOf(l.text)
		if err != nil {
			return nil, nil, false, err
		}
		out = &ViewPage{Statements: []Viewed{}}
		if err := fill(tx, &s, out); err != nil {
			return nil, nil, false, err
		}
		return out.Statements, map[string]any{"statement": id.String(), "looked": how}, out.unsettled, nil
	})
	if err != nil {
		return nil, err
	}
	out.Remaining = remaining
	return out, nil
}

// errUnsettled undoes a look, which then waits for the settler (settle.go).
var errUnsettled = errors.New("lrs: posting lists may still lack some")

// look runs one look in one transaction: what it shows is counted, and stands
// in the log, or is not shown. Where fn says that its posting lists are
// unsettled it is run once more, when they are or a query's patience ends.
// remaining is how much more the hour allows.
func (r *LRS) look(
	ctx context.Context, v View, fn func(*postgres.Tx) (seen []Viewed, told map[string]any, unsettled bool, err error),
) (remaining int, err error) {
	for waited := false; ; waited = true {
		remaining, err = r.account(ctx, v, func(tx *postgres.Tx) (int, map[string]any, error) {
			seen, told, unsettled, err := fn(tx)
			if err == nil && unsettled && !waited {
				err = errUnsettled
			}
			if err != nil || !v.Masked {
				return len(seen), told, err
			}
			for i := range seen {
				if seen[i].JSON, err = xapi.Mask(nil, seen[i].JSON, v.pseudonym); err != nil {
					return 0, nil, err
				}
			}
			return len(seen), told, nil
		})
		if !errors.Is(err, errUnsettled) {
			return remaining, err
		}
		r.settled(ctx, v.read())
	}
}

// account counts and records what fn, in the same transaction, is about to show.
func (r *LRS) account(ctx context.Context, v View, fn func(*postgres.Tx) (rows int, told map[string]any, err error)) (remaining int, err error) {
	err = r.db.Tenant(ctx, v.Scope, func(tx *postgres.Tx) error {
		rows, told, err := fn(tx)
		if err != nil {
			return err
		}
		if remaining, err = r.count(ctx, tx, v, rows); err != nil {
			return err
		}
		e := audit.Event{Type: audit.StatementsViewed, Target: audit.Target{Kind: "store", ID: v.Slug}, Details: told}
		if !v.Masked && rows > 0 {
			e.Type = audit.IdentitiesViewed
		}
		told["rows"] = rows
		return audit.Record(tx, e)
	})
	if fault.Is(err, fault.RateLimited) {
		r.tellCap(ctx, v)
	}
	return remaining, err
}

// tellCap writes into the log, outside of the look that was undone, that
// somebody wanted more than an hour allows: once in each minute.
func (r *LRS) tellCap(ctx context.Context, v View) {
	err := r.db.Tenant(ctx, v.Scope, func(tx *postgres.Tx) error {
		var told bool
		err := tx.QueryRow(ctx, `update viewings set refused_at = $3::timestamptz where tenant_id = $1 and actor = $2 and hour = $4
			and (refused_at is null or refused_at < $3::timestamptz - interval '1 minute') returning true`,
			tx.TenantID(), v.Actor, r.now().UTC(), r.now().UTC().Truncate(time.Hour)).Scan(&told)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Event{
			Type: audit.AccessDenied, Outcome: audit.Denied, Target: audit.Target{Kind: "store", ID: v.Slug},
			Details: map[string]any{"reason": "viewing cap", "cap": v.Cap},
		})
	})
	if err != nil {
		r.log.Error("the log does not say that somebody was over the cap", "error", err)
	}
}

// count adds rows to what the person has looked at in this hour, and returns
// how many remain. Who looks at the same time waits: the cap holds exactly.
func (r *LRS) count(ctx context.Context, tx *postgres.Tx, v View, rows int) (remaining int, err error) {
	now := r.now().UTC()
	hour := now.Truncate(time.Hour)
	var seen int
	err = tx.QueryRow(ctx, `insert into viewings as w (tenant_id, actor, hour, rows) values ($1, $2, $3, $4)
		on conflict (tenant_id, actor, hour) do update set rows = w.rows + excluded.rows returning rows`,
		tx.TenantID(), v.Actor, hour, rows).Scan(&seen)
	if err != nil {
		return 0, err
	}
	if seen == rows { // the first look of the hour
		_, err := tx.Exec(ctx, `delete from viewings where tenant_id = $1 and actor = $2 and hour < $3`, tx.TenantID(), v.Actor, hour)
		if err != nil {
			return 0, err
		}
	}
	if v.Cap > 0 && seen > v.Cap {
		f := fault.New(fault.RateLimited,
			"you have looked at %d statements in this hour, and %d are allowed: narrow the filters, or ask somebody who may export for an export", seen-rows, v.Cap)
		f.RetryAfter = hour.Add(time.Hour).Sub(now)
		return 0, f
	}
	return max(v.Cap-seen, 0), nil
}

func (v View) read() Read { return Read{Scope: v.Scope, Store: v.Store, Version: xapi.V2} }

const pseudonymIdentity = "account:" + xapi.PseudonymHome + "\n"

// agent returns whom a filter means. Where people are masked only pseudonyms
// may be asked for: else the answer would tell who somebody is.
func (v View) agent(identity string) (string, error) {
	account, isPseudonym := strings.CutPrefix(identity, pseudonymIdentity)
	switch {
	case identity == "":
		return "", nil
	case isPseudonym:
		known, err := v.People.Decrypt(account)
		if err != nil {
			return "", fault.Wrap(fault.Invalid, err, "%q is no pseudonym of this tenant", account)
		}
		return string(known), nil
	case v.Masked:
		return "", fault.New(fault.Forbidden, "people can be asked for by their pseudonym only: seeing who they are needs statements.view_identity")
	}
	return identity, nil
}

// shownFrom is where pseudonyms begin to differ: before is the number of their key.
const shownFrom = 8

// pseudonym is the account that stands for a person, and a name to read.
func (v View) pseudonym(identity string) (account, name string, err error) {
	account, err = v.People.Encrypt([]byte(identity))
	if err != nil {
		return "", "", err
	}
	return account, "Learner " + strings.ToUpper(account[shownFrom:shownFrom+6]), nil
}

// told is what the log says of a query: which filters, and never a person or an address.
func (v View) told(q *xapi.Query, results Results) (map[string]any, error) {
	query := map[string]any{}
	set := func(name, value string) {
		if value != "" {
			query[name] = value
		}
	}
	for name, id := range map[string]string{"verb": q.Verb, "activity": q.Activity} {
		if xapi.HoldsAddress(id) { // of whoever; who reads the log need not see people
			id = xapi.Hidden
		}
		set(name, id)
	}
	if q.Registration != uuid.Nil {
		set("registration", q.Registration.String())
	}
	if q.Agent != "" {
		account, ok := strings.CutPrefix(q.Agent, pseudonymIdentity)
		if !ok {
			var err error
			if account, _, err = v.pseudonym(q.Agent); err != nil {
				return nil, err
			}
		}
		set("agent", account)
	}
	if !q.Since.IsZero() {
		set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if !q.Until.IsZero() {
		set("until", q.Until.UTC().Format(time.RFC3339Nano))
	}
	set("result", results.String())
	if q.RelatedAgents {
		query["related_agents"] = true
	}
	if q.RelatedActivities {
		query["related_activities"] = true
	}
	return map[string]any{"query": query}, nil
}
