package sample

import (
	"math/rand/v2"
	"sort"
	"time"
)

// calendar knows when people learn: on working days, before and after lunch,
// some in the evening, and a little more from month to month.
type calendar struct {
	to   int64 // ms since 1970, like every time here
	from int64
	days []float64 // cumulated weights
}

// hours are the cumulated weights of the hours of a day, in local time.
var hours = func() (cumulated [24]float64) {
	weights := [24]float64{
		0.2, 0.1, 0.05, 0.05, 0.1, 0.4, 1.5, 4, 8, 11, 11, 8,
		4, 8, 10, 9, 7, 4, 2, 2, 2.5, 2.5, 1.5, 0.6,
	}
	sum := 0.0
	for h, weight := range weights {
		sum += weight
		cumulated[h] = sum
	}
	return cumulated
}()

const (
	second = 1000
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

func newCalendar(from, to time.Time) calendar {
	c := calendar{from: from.UnixMilli(), to: to.UnixMilli()}
	n := int((c.to - c.from + day - 1) / day)
	c.days = make([]float64, n)
	sum := 0.0
	for i := range n {
		weight := 1 + 0.3*float64(i)/float64(n)
		switch from.UTC().AddDate(0, 0, i).Weekday() {
		case time.Saturday:
			weight *= 0.07
		case time.Sunday:
			weight *= 0.05
		case time.Friday:
			weight *= 0.8
		}
		sum += weight
		c.days[i] = sum
	}
	return c
}

// begin returns when somebody begins to learn whose clock is offset ms ahead
// of UTC.
func (c calendar) begin(r *rand.Rand, offset int64) int64 {
	d := min(sort.SearchFloat64s(c.days, r.Float64()*c.days[len(c.days)-1]), len(c.days)-1)
	h := min(sort.SearchFloat64s(hours[:], r.Float64()*hours[23]), 23)
	midnight := c.from - c.from%day + int64(d)*day
	return c.within(midnight + int64(h)*hour + int64(r.IntN(hour)) - offset)
}

// within moves t into the time that the calendar is about.
func (c calendar) within(t int64) int64 { return min(max(t, c.from), c.to-1) }
