package authn

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// Which tenants an operator is inside of stands in those tenants, and the
// database shows no two of them at once. So it is noted here where to look. A
// note is a hint: it permits nothing, and losing it only hides an entry from
// the list of the operator's own.

// maxEntered is how many tenants are noted of one operator.
const maxEntered = 50

func enteredKey(operator int64) string { return "stoa:entered:" + number(operator) }

// NoteEntry notes that an operator is inside the tenant of that slug until a
// time. Unavailable: Redis cannot be asked.
func (s *Sessions) NoteEntry(ctx context.Context, operator int64, slug string, until time.Time) error {
	key := enteredKey(operator)
	_, err := s.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, key, slug, until.Unix())
		p.Expire(ctx, key, authz.MaxEntry) // no entry lasts longer than one that begins now may
		return nil
	})
	return awayUnless(err)
}

// ForgetEntry undoes NoteEntry. Unavailable: Redis cannot be asked.
func (s *Sessions) ForgetEntry(ctx context.Context, operator int64, slug string) error {
	return awayUnless(s.redis.client.HDel(ctx, enteredKey(operator), slug).Err())
}

// NotedEntries returns the slugs of the tenants that an operator may be inside
// of, sorted; of more than 50 those that last longest. Unavailable: Redis
// cannot be asked.
func (s *Sessions) NotedEntries(ctx context.Context, operator int64) ([]string, error) {
	all, err := s.redis.client.HGetAll(ctx, enteredKey(operator)).Result()
	if err := awayUnless(err); err != nil {
		return nil, err
	}
	type note struct {
		slug  string
		until int64
	}
	var notes []note
	for slug, text := range all {
		if until, err := strconv.ParseInt(text, 10, 64); err == nil && s.clock().Unix() <= until {
			notes = append(notes, note{slug, until})
		}
	}
	slices.SortFunc(notes, func(a, b note) int { return cmp.Or(cmp.Compare(b.until, a.until), cmp.Compare(a.slug, b.slug)) })
	notes = notes[:min(len(notes), maxEntered)]
	slugs := make([]string, len(notes))
	for i, n := range notes {
		slugs[i] = n.slug
	}
	slices.Sort(slugs)
	return slugs, nil
}

// Ping reports whether the sessions' Redis answers: nil or Unavailable.
func (s *Sessions) Ping(ctx context.Context) error { return s.redis.Ping(ctx) }
