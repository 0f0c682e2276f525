package audit

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// KeyUse is what a key was used for in one minute or one hour, on all replicas.
type KeyUse struct {
	Begin     time.Time // of the minute or the hour, UTC
	Resources map[string]ResourceUse
	Statuses  map[string]int64 // requests by class: 2xx, 4xx, other …
	Addresses []string         // seen, sorted; at most 100
	Further   int64            // requests that came from addresses beyond those
}

// ResourceUse counts one resource: statements.write, state …
type ResourceUse struct {
	Requests   int64 `json:"requests"`
	Statements int64 `json:"statements"` // written or given
}

// KeyUseFilter says which uses are wanted.
type KeyUseFilter struct {
	Key   string        // user name
	Unit  time.Duration // time.Minute or time.Hour
	Since time.Time     // minutes later than that
	Until time.Time     // and not later than that
}

const (
	keyUseAddresses = 100
	keyUseReads     = 50        // pages of the log that one page of uses may take
	keyUseLate      = time.Hour // by which a minute may be written late, for the database was away
)

// ListKeyUse sums the events key.used of one page, newest first, and returns
// the cursor of the next page; "" when there is none. Times without use are
// left out. What was written more than an hour after its minute counts only
// where Until is no earlier. Invalid: the cursor; or one page would have to sum
// too much.
func ListKeyUse(tx *postgres.Tx, f KeyUseFilter, page Page) (uses []KeyUse, next string, err error) {
	until := f.Until // minutes not later
	if page.After != "" {
		after, err := time.Parse(time.RFC3339, page.After)
		if err != nil || !after.Equal(after.Truncate(f.Unit)) || after.Before(earliest.time()) || after.After(latest.time()) {
			return nil, "", errCursor
		}
		if last := after.Add(-time.Minute); last.Before(until) {
			until = last
		}
	}
	events := Filter{Types: []Type{KeyUsed}, TargetKind: "key", Target: f.Key, From: f.Since, To: until.Add(time.Minute + keyUseLate)}
	by := map[time.Time]*KeyUse{}
	through := latest.time() // every event at or after it has been read
	reads := Page{Limit: 1000}
	for range keyUseReads {
		lines, more, err := List(tx, events, reads)
		if err != nil {
			return nil, "", err
		}
		for i := range lines {
			if err := addUse(by, &lines[i], f.Unit, f.Since, until); err != nil {
				return nil, "", err
			}
		}
		if reads.After = more; more == "" {
			through = time.Time{}
			break
		}
		at, err := parseKey(more)
		if err != nil {
			return nil, "", err
		}
		// An event is written after its minute has begun: whatever begins later than the last one read is complete.
		through = at.time()
		if complete(by, through) > page.Rows() {
			break
		}
	}
	uses = make([]KeyUse, 0, len(by))
	for _, u := range by {
		if u.Begin.After(through) {
			slices.Sort(u.Addresses)
			uses = append(uses, *u)
		}
	}
	slices.SortFunc(uses, func(a, b KeyUse) int { return b.Begin.Compare(a.Begin) })
	switch n := page.Rows(); {
	case len(uses) > n:
		uses = uses[:n]
	case through.IsZero():
		return uses, "", nil
	case len(uses) == 0:
		return nil, "", fault.New(fault.Invalid, "there is too much to sum up at once: ask for a shorter time, or by minute")
	}
	return uses, uses[len(uses)-1].Begin.Format(time.RFC3339), nil
}

func complete(by map[time.Time]*KeyUse, through time.Time) (n int) {
	for begin := range by {
		if begin.After(through) {
			n++
		}
	}
	return n
}

// useDetails is what use.details writes.
type useDetails struct {
	Minute    time.Time              `json:"minute"`
	Resources map[string]ResourceUse `json:"resources"`
	Statuses  map[string]int64       `json:"statuses"`
	Addresses []string               `json:"addresses"`
	Further   int64                  `json:"requests_from_further_addresses"`
}

// addUse adds one event to the sums; one of a minute that is not wanted is passed over.
func addUse(by map[time.Time]*KeyUse, l *Line, unit time.Duration, since, until time.Time) error {
	var d useDetails
	if err := json.Unmarshal([]byte(l.Details), &d); err != nil {
		return fault.Wrap(fault.Internal, err, "an event of a key's use cannot be read")
	}
	if !d.Minute.After(since) || d.Minute.After(until) {
		return nil
	}
	begin := d.Minute.UTC().Truncate(unit)
	u := by[begin]
	if u == nil {
		u = &KeyUse{Begin: begin, Resources: map[string]ResourceUse{}, Statuses: map[string]int64{}, Addresses: []string{}}
		by[begin] = u
	}
	for name, r := range d.Resources {
		sum := u.Resources[name]
		u.Resources[name] = ResourceUse{sum.Requests + r.Requests, sum.Statements + r.Statements}
	}
	for class, n := range d.Statuses {
		u.Statuses[class] += n
	}
	u.Further += d.Further
	for _, a := range d.Addresses {
		if !slices.Contains(u.Addresses, a) && len(u.Addresses) < keyUseAddresses {
			u.Addresses = append(u.Addresses, a)
		}
	}
	return nil
}
