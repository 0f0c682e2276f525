package lrs

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Results says which statements a person wants by their result: those of which
// everything that is given is so. xAPI has no such filters, and there is no
// index for them: they thin out what the others find. A reference does not
// carry another statement's result.
type Results struct {
	Score               []ScoreBound // of result.score.scaled; a statement without one meets none
	Success, Completion *bool        // nil: any, or none
}

// ScoreBound is one side of a range of scaled scores, e.g. < 0.8.
type ScoreBound struct {
	Than  string // "<", "<=", ">", ">=" or "="
	Value float64
}

// ParseScore reads bounds as a filter writes them: <0.8 or >=0.5,<0.8. ok is
// false for what is none, and for more than two.
func ParseScore(text string) (bounds []ScoreBound, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		number := strings.TrimLeft(part, "<>=")
		b := ScoreBound{Than: part[:len(part)-len(number)]}
		switch b.Than {
		case "<", "<=", ">", ">=", "=":
		default:
			return nil, false
		}
		var err error
		if b.Value, err = strconv.ParseFloat(number, 64); err != nil || len(number) > 20 || math.Abs(b.Value) > 1 || math.IsNaN(b.Value) {
			return nil, false
		}
		bounds = append(bounds, b)
	}
	return bounds, len(bounds) <= 2
}

// String is f as ParseScore reads it, and what else there is: one text for one filter.
func (f Results) String() string {
	var parts []string
	for _, b := range f.Score {
		parts = append(parts, b.Than+strconv.FormatFloat(b.Value, 'g', -1, 64))
	}
	if f.Success != nil {
		parts = append(parts, "success="+strconv.FormatBool(*f.Success))
	}
	if f.Completion != nil {
		parts = append(parts, "completion="+strconv.FormatBool(*f.Completion))
	}
	return strings.Join(parts, ",")
}

func (f Results) given() bool { return len(f.Score) > 0 || f.Success != nil || f.Completion != nil }

// among returns those of the candidates whose columns meet f. The column of
// scores has 24 bits, so what is close to a bound passes: meets decides.
func (f Results) among(ctx context.Context, tx *postgres.Tx, store int64, candidates []int64) ([]int64, error) {
	sql := `select stored from statements where store_id = $1 and stored = any($2) and not voided`
	args := []any{store, microTimes(candidates)}
	add := func(condition string, value any) {
		args = append(args, value)
		sql += ` and ` + condition + ` ` + placeholder(len(args))
	}
	for _, b := range f.Score {
		than := b.Than
		if than == "<" || than == ">" {
			than += "="
		}
		add(`scaled `+than, float32(b.Value))
	}
	if f.Success != nil {
		add(`success =`, *f.Success)
	}
	if f.Completion != nil {
		add(`completion =`, *f.Completion)
	}
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	meet := make(map[int64]bool)
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&at}, func() error { meet[at.UnixMicro()] = true; return nil }); err != nil {
		return nil, err
	}
	kept := candidates[:0]
	for _, c := range candidates {
		if meet[c] {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// meet reports whether a statement's own text does.
func (f Results) meet(text []byte) (bool, error) {
	s, err := xapi.TermsOf(text)
	if err != nil {
		return false, err
	}
	for _, b := range f.Score {
		if s.Scaled == nil || !b.holds(*s.Scaled) {
			return false, nil
		}
	}
	return (f.Success == nil || s.Success != nil && *s.Success == *f.Success) &&
		(f.Completion == nil || s.Completion != nil && *s.Completion == *f.Completion), nil
}

func (b ScoreBound) holds(scaled float64) bool {
	switch c := cmp.Compare(scaled, b.Value); b.Than {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	default:
		return c == 0
	}
}
