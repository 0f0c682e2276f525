package authn

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// The index of sessions tells which sign-ins a member has, and which sign-ins
// belong to a session of the provider. It is a convenience: what is missing in
// it is ended by the rows in Postgres all the same.

// maxIndexed is how many sign-ins of one member are listed.
const maxIndexed = 100

func memberKey(tenant, member int64) string {
	return "stoa:member:" + number(tenant) + ":" + number(member)
}

// providerKey finds the sign-ins that a provider made in a session of its own.
func providerKey(tenant int64, issuer, sid string) string {
	return "stoa:sid:" + number(tenant) + ":" + hashed(issuer+"\n"+sid)
}

// indexed is the index's word on a sign-in.
type indexed struct {
	Key    string    `json:"key"` // of the session's record
	Member int64     `json:"member"`
	At     time.Time `json:"at"`
}

// index makes the index name the sign-ins now, in place of those before.
func (s *Sessions) index(ctx context.Context, cookie string, now, before []SignedIn) error {
	_, err := s.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, in := range before {
			p.HDel(ctx, memberKey(in.Tenant, in.Member), in.ID)
		}
		for _, in := range now {
			text, err := json.Marshal(indexed{sessionKey(cookie), in.Member, in.At})
			if err != nil {
				return err
			}
			keys := []string{memberKey(in.Tenant, in.Member)}
			if in.SID != "" {
				keys = append(keys, providerKey(in.Tenant, in.Issuer, in.SID))
			}
			for _, key := range keys {
				p.HSet(ctx, key, in.ID, text)
				p.Expire(ctx, key, s.absolute)
			}
		}
		return nil
	})
	return awayUnless(err)
}

// SessionInfo is one sign-in of a member, for people to look at.
type SessionInfo struct {
	ID      string    `json:"id"`
	Device  string    `json:"device"`  // User-Agent
	Address string    `json:"address"` // where it was begun
	Begun   time.Time `json:"begun_at"`
	Seen    time.Time `json:"seen_at"` // last used, to the minute
	Current bool      `json:"current"`
}

// List returns a member's sign-ins that hold, the latest first, at most 100;
// current is the id of the one that asks. Unavailable: Redis cannot be asked.
func (s *Sessions) List(ctx context.Context, tenant, member int64, current string) ([]SessionInfo, error) {
	found, err := s.lookUp(ctx, memberKey(tenant, member))
	if err != nil {
		return nil, err
	}
	list := []SessionInfo{}
	var gone []string
	for id, at := range found {
		text, err := s.redis.get(ctx, at.Key)
		if err != nil {
			return nil, err
		}
		r := s.open(at.Key, text)
		if r == nil {
			gone = append(gone, id)
			continue
		}
		i := slices.IndexFunc(r.SignIns, func(in SignedIn) bool { return in.ID == id })
		if i < 0 || s.clock().Sub(r.Seen) >= s.idle {
			gone = append(gone, id)
			continue
		}
		ok, err := s.holds(ctx, &r.SignIns[i])
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, SessionInfo{id, r.Device, r.Address, r.SignIns[i].At, r.Seen, id == current})
		}
	}
	if len(gone) > 0 {
		if err := awayUnless(s.redis.client.HDel(ctx, memberKey(tenant, member), gone...).Err()); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b SessionInfo) int { return cmp.Or(b.Begun.Compare(a.Begun), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// lookUp reads one list of the index, the latest maxIndexed of it.
func (s *Sessions) lookUp(ctx context.Context, key string) (map[string]indexed, error) {
	all, err := s.redis.client.HGetAll(ctx, key).Result()
	if err := awayUnless(err); err != nil {
		return nil, err
	}
	found := make(map[string]indexed, len(all))
	for id, text := range all {
		var at indexed
		if json.Unmarshal([]byte(text), &at) == nil {
			found[id] = at
		}
	}
	if len(found) > maxIndexed {
		ids := make([]string, 0, len(found))
		for id := range found {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(a, b string) int { return found[b].At.Compare(found[a].At) })
		for _, id := range ids[maxIndexed:] {
			delete(found, id)
		}
	}
	return found, nil
}

// drop takes sign-ins out of their sessions in Redis, which is tidy and quick;
// that they are ended is written in Postgres before.
func (s *Sessions) drop(ctx context.Context, tenant int64, found map[string]indexed) error {
	for id, at := range found {
		text, err := s.redis.get(ctx, at.Key)
		if err != nil {
			return err
		}
		if r := s.open(at.Key, text); r != nil {
			r.SignIns = slices.DeleteFunc(r.SignIns, func(in SignedIn) bool { return in.ID == id })
			if len(r.SignIns) == 0 {
				err = s.redis.client.Del(ctx, at.Key).Err()
			} else if text, err = s.seal(at.Key, r); err == nil {
				err = s.redis.client.SetArgs(ctx, at.Key, text, redis.SetArgs{Mode: "XX", KeepTTL: true}).Err()
			}
			if err := awayUnless(err); err != nil {
				return err
			}
		}
		if err := awayUnless(s.redis.client.HDel(ctx, memberKey(tenant, at.Member), id).Err()); err != nil {
			return err
		}
	}
	return nil
}
