package httpapi

import (
	"slices"
	"sync"
	"time"
)

// recent keeps how long the latest requests of one kind took, for people who
// look now; a histogram since the start would tell them of last week.
type recent struct {
	mu   sync.Mutex
	took [1024]time.Duration
	n    int // since the start
}

func (r *recent) add(d time.Duration) {
	r.mu.Lock()
	r.took[r.n%len(r.took)] = d
	r.n++
	r.mu.Unlock()
}

// quantiles returns the median and what 95 % are not above; false: there was nothing.
func (r *recent) quantiles() (half, most time.Duration, ok bool) {
	r.mu.Lock()
	sorted := slices.Clone(r.took[:min(r.n, len(r.took))])
	r.mu.Unlock()
	if len(sorted) == 0 {
		return 0, 0, false
	}
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2], sorted[(len(sorted)-1)*95/100], true
}
