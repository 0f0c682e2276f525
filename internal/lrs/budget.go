package lrs

import "time"

// budget bounds how much one request of a person looks through: a filter that
// matches one statement of a million must not hold the request until it is
// found. What was looked through then is a page, perhaps an empty one, and the
// next goes on behind it. A nil budget has no end.
type budget struct {
	candidates int // may still be looked at
	until      time.Time
	now        func() time.Time
}

const (
	viewCandidates = 200_000
	viewTime       = 600 * time.Millisecond
)

func newBudget(now func() time.Time) *budget {
	return &budget{viewCandidates, now().Add(viewTime), now}
}

func (b *budget) spend(candidates int) {
	if b != nil {
		b.candidates -= candidates
	}
}

func (b *budget) spent() bool {
	return b != nil && (b.candidates <= 0 || !b.now().Before(b.until))
}
