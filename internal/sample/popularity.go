package sample

import (
	"math"
	"math/rand/v2"
	"sort"
)

// popularity deals the numbers 0 … n-1, the k-th in proportion to
// (k+1)^-exponent: some courses are taken far more often than others.
type popularity struct{ cumulated []float64 }

func newPopularity(n int, exponent float64) popularity {
	p := popularity{make([]float64, n)}
	sum := 0.0
	for k := range n {
		sum += math.Pow(float64(k+1), -exponent)
		p.cumulated[k] = sum
	}
	return p
}

func (p popularity) next(r *rand.Rand) int {
	n := len(p.cumulated)
	return min(sort.SearchFloat64s(p.cumulated, r.Float64()*p.cumulated[n-1]), n-1)
}

// Tenants deals requests to tenants, or to stores, as unevenly as customers
// are big: by Zipf's law with the exponent 1.46, which gives the first of
// fifty 41 % of all. It is not safe for concurrent use.
type Tenants struct {
	popularity
	random *rand.Rand
}

// NewTenants returns a dealer for n tenants.
func NewTenants(seed uint64, n int) *Tenants {
	return &Tenants{newPopularity(n, 1.46), rand.New(rand.NewPCG(seed, 0x7a697066))}
}

// Next returns a number from 0, the biggest tenant's, to n-1.
func (t *Tenants) Next() int { return t.next(t.random) }

// Share returns the part of all requests that goes to tenant i, from 0 to 1.
func (t *Tenants) Share(i int) float64 {
	share := t.cumulated[i]
	if i > 0 {
		share -= t.cumulated[i-1]
	}
	return share / t.cumulated[len(t.cumulated)-1]
}
