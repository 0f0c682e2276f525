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
