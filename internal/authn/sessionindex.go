package authn

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// The index of sessions tells which sign-ins a member has, and which sign-ins
// belong to a session of the provider. It is a convenience: what is missing in
// it is ended by the rows in Postgres all the same.

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

// sessionsPage is how many sign-ins a page has where nothing is said.
const sessionsPage = 100

// List returns a page of a member's sign-ins that hold, the latest first: at
// most limit (0 is 100) of those that follow after, and the cursor of the next
// page, "" on the last; current is the id of the one that asks. Invalid: after is
// no cursor; Unavailable: Redis cannot be asked.
func (s *Sessions) List(ctx context.Context, tenant, member int64, current, after string, limit int) (list []SessionInfo, next string, err error) {
	found, err := s.lookUp(ctx, memberKey(tenant, member))
	if err != nil {
		return nil, "", err
	}
	ids, err := latestFirst(found, after)
	if err != nil {
		return nil, "", err
	}
	list = []SessionInfo{}
	limit = or(limit, sessionsPage)
	var gone []string
	for _, id := range ids {
		info, err := s.info(ctx, found[id].Key, id)
		switch {
		case err != nil:
			return nil, "", err
		case info == nil:
			gone = append(gone, id)
		case len(list) == limit:
			last := list[limit-1]
			next = cursorOf(last.ID, found[last.ID])
		default:
			info.Current = id == current
			list = append(list, *info)
		}
		if next != "" {
			break
		}
	}
	if len(gone) > 0 {
		if err := awayUnless(s.redis.client.HDel(ctx, memberKey(tenant, member), gone...).Err()); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

// info is what people may see of the sign-in that the record under key has; nil
// for one that does not hold.
func (s *Sessions) info(ctx context.Context, key, id string) (*SessionInfo, error) {
	text, err := s.redis.get(ctx, key)
	if err != nil {
		return nil, err
	}
	r := s.open(key, text)
	if r == nil || s.clock().Sub(r.Seen) >= s.idle {
		return nil, nil
	}
	i := slices.IndexFunc(r.SignIns, func(in SignedIn) bool { return in.ID == id })
	if i < 0 {
		return nil, nil
	}
	ok, err := s.holds(ctx, &r.SignIns[i])
	if err != nil || !ok {
		return nil, err
	}
	return &SessionInfo{ID: id, Device: r.Device, Address: r.Address, Begun: r.SignIns[i].At, Seen: r.Seen}, nil
}

// cursorOf is the place of a sign-in in the list: its time and its id, so that
// the page after it is found when it has ended meanwhile.
func cursorOf(id string, at indexed) string {
	return strconv.FormatInt(at.At.UnixMicro(), 36) + "." + id
}

// latestFirst lists the sign-ins that follow after, a cursor; "" is the beginning.
func latestFirst(found map[string]indexed, after string) ([]string, error) {
	order := func(a, b string) int {
		return cmp.Or(cmp.Compare(found[b].At.UnixMicro(), found[a].At.UnixMicro()), cmp.Compare(a, b))
	}
	if after == "" {
		return slices.SortedFunc(maps.Keys(found), order), nil
	}
	text, id, _ := strings.Cut(after, ".")
	at, err := strconv.ParseInt(text, 36, 64)
	if err != nil || len(id) != len(newSignInID()) {
		return nil, fault.New(fault.Invalid, "after is no cursor of this list")
	}
	following := maps.Clone(found)
	maps.DeleteFunc(following, func(other string, in indexed) bool {
		return cmp.Or(cmp.Compare(at, in.At.UnixMicro()), cmp.Compare(other, id)) <= 0
	})
	return slices.SortedFunc(maps.Keys(following), order), nil
}

// lookUp reads one list of the index.
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
