package tenant

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// LongestSession is how long any session can live: until then it is remembered
// that all sessions of a member were ended.
const LongestSession = 30 * 24 * time.Hour

// EndSession keeps that a session of a member is over, so that it is over
// everywhere within a second, also while Redis is away. session is the hash of
// the cookie's value; "" is every session that began before now. expires is
// when it would have ended by itself; zero: after LongestSession. why stands in
// the log. NotFound: the member.
func EndSession(tx *postgres.Tx, member int64, session, why string, expires, now time.Time) error {
	m, err := endOf(tx, member, session, expires, now)
	if err != nil {
		return err
	}
	which := "one"
	if session == "" {
		which = "all"
	}
	return audit.Record(tx, audit.Event{
		Type: audit.SessionEnded, Target: m.target(), Details: map[string]any{"sessions": which, "reason": why},
	})
}

// SignOut is EndSession by the person in that very session, which the log tells
// as a sign-out.
func SignOut(tx *postgres.Tx, member int64, session string, expires, now time.Time) error {
	m, err := endOf(tx, member, session, expires, now)
	if err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.SignedOut, Target: m.target()})
}

func endOf(tx *postgres.Tx, member int64, session string, expires, now time.Time) (*Member, error) {
	m, err := lockMember(tx, member, 0)
	if err != nil {
		return nil, err
	}
	if len(session) > 200 {
		return nil, fault.New(fault.Invalid, "that is no session")
	}
	return m, endSession(tx, m.ID, session, expires, now)
}

// endSessions ends all sessions of a member as a part of another change, whose event tells of it.
func endSessions(tx *postgres.Tx, member int64, now time.Time) error {
	return endSession(tx, member, "", time.Time{}, now)
}

func endSession(tx *postgres.Tx, member int64, session string, expires, now time.Time) error {
	if expires.IsZero() {
		expires = now.Add(LongestSession)
	}
	_, err := tx.Exec(tx.Context(), `insert into ended_sessions (tenant_id, member_id, session, at, expires_at) values ($1, $2, $3, $4, $5)
		on conflict (tenant_id, member_id, session) do update set at = greatest(ended_sessions.at, excluded.at),
			expires_at = greatest(ended_sessions.expires_at, excluded.expires_at)`,
		tx.TenantID(), member, session, kept(now), kept(expires))
	return err
}

// PruneEndedSessions forgets ended sessions that would be over by themselves,
// at most 1,000, and returns how many. It changes nothing that is permitted.
func PruneEndedSessions(tx *postgres.Tx, now time.Time) (int64, error) {
	return tx.Exec(tx.Context(), `delete from ended_sessions where ctid = any (array(
		select ctid from ended_sessions where tenant_id = $1 and expires_at < $2 limit 1000))`, tx.TenantID(), now)
}
