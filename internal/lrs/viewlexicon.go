package lrs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// LexiconPage is what completes a text.
type LexiconPage struct {
	Entries  []LexiconEntry
	Complete bool // all statements have been looked through; else more may be known soon
}

const (
	mostCompletions = 50
	// lexiconPatience is how long who asks waits for what was stored a moment ago.
	lexiconPatience = 10 * time.Millisecond
	// maskedWords is how many words are looked at for who sees pseudonyms, of
	// which what tells of people is left out.
	maskedWords = 2000
)

// ViewLexicon returns at most limit (50) verbs, activities or people of v's
// store in which a word begins with text, whatever the case: a word of a name,
// or of the id. Text may go on behind the word. Without text it is the first
// ones, by their words.
//
// Who sees pseudonyms is told of no person, and of no verb or activity whose id
// or name stands in no statement as they may see it. People, and what else
// tells of somebody, count as statements looked at and stand in the log as
// identities that were seen, without the text; verbs and activities as such are
// no look at learners, and neither count nor are recorded.
// RateLimited: the person has looked at as many as an hour allows.
func (r *LRS) ViewLexicon(ctx context.Context, v View, kind LexiconKind, text string, limit int) (*LexiconPage, error) {
	if v.Masked && kind == LexiconPeople {
		return &LexiconPage{Complete: true}, nil
	}
	patience := time.NewTimer(lexiconPatience)
	defer patience.Stop()
	select {
	case <-r.lexicons.follow(v.Scope.Tenant(), v.Store):
	case <-patience.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if limit <= 0 || limit > mostCompletions {
		limit = mostCompletions
	}
	var page *LexiconPage
	err := r.read(ctx, v.read(), func(tx *postgres.Tx) (err error) {
		page, err = lexiconPage(ctx, tx, v, kind, folded(text), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	telling := 0
	for _, e := range page.Entries {
		if !e.Open {
			telling++
		}
	}
	if telling == 0 && kind != LexiconPeople {
		return page, nil
	}
	_, err = r.account(ctx, v, func(*postgres.Tx) (int, map[string]any, error) {
		return telling, map[string]any{"looked": map[LexiconKind]string{
			LexiconVerbs: "up verbs", LexiconActivities: "up activities", LexiconPeople: "up people",
		}[kind]}, nil
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func lexiconPage(ctx context.Context, tx *postgres.Tx, v View, kind LexiconKind, text string, limit int) (*LexiconPage, error) {
	page := &LexiconPage{}
	begin := cut(text)
	words := mostStarts * limit
	if v.Masked {
		words = maskedWords
	}
	b := &pgx.Batch{}
	b.Queue(`select coalesce((select complete from lexicon_reach where tenant_id = $1 and store_id = $2), false)`, tx.TenantID(), v.Store).
		QueryRow(func(row pgx.Row) error { return row.Scan(&page.Complete) })
	b.Queue(`
		select l.key, l.value, l.names, l.type, l.open from (
			select key, min(word) as word from (
				select word, key from lexicon_words
				where tenant_id = $1 and store_id = $2 and kind = $3 and word >= $4 and word < $5 order by word limit $6) w
			group by key) k
		cross join lateral (select * from lexicon l where l.tenant_id = $1 and l.store_id = $2 and l.kind = $3 and l.key = k.key offset 0) l
		where l.open or not $7
		order by k.word, l.key`,
		tx.TenantID(), v.Store, kind, begin, begin+"\U0010FFFF", words, v.Masked).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				e := LexiconEntry{kind: kind}
				if err := rows.Scan(&e.key, &e.Value, &e.Names, &e.Type, &e.Open); err != nil {
					return err
				}
				if len(page.Entries) < limit && (begin == text || e.has(text)) {
					page.Entries = append(page.Entries, e)
				}
			}
			return rows.Err()
		})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	// What begins with the text is what was meant, before what has it further on.
	slices.SortStableFunc(page.Entries, func(a, b LexiconEntry) int { return cmp.Compare(a.rank(text), b.rank(text)) })
	return page, nil
}

// has reports whether a word of e begins with text, which is longer than the index tells.
func (e *LexiconEntry) has(text string) bool {
	return slices.ContainsFunc(append(e.texts(), e.ID()), func(in string) bool {
		return slices.ContainsFunc(wordStarts(folded(in)), func(start string) bool { return strings.HasPrefix(start, text) })
	})
}

// rank is 0 where a name begins with text, and else 1.
func (e *LexiconEntry) rank(text string) int {
	if slices.ContainsFunc(e.texts(), func(name string) bool { return strings.HasPrefix(folded(name), text) }) {
		return 0
	}
	return 1
}
