package tenant

import (
	"encoding/base64"
	"net/mail"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// MemberStatus says whether a member may sign in.
type MemberStatus string

// The statuses of a member.
const (
	MemberInvited  MemberStatus = "invited"  // may sign in for the first time, until the invitation ends
	MemberActive   MemberStatus = "active"   // has signed in, or is kept by the directory
	MemberDisabled MemberStatus = "disabled" // stays, and may do nothing
)

// Member is a person of a tenant; in the platform's tenant an operator.
type Member struct {
	TenantID     int64
	ID           int64  // random; its text is id.Text
	Email        string // lower case, unique in the tenant
	Name         string // for people; may be empty
	Status       MemberStatus
	Issuer       string // who vouches for the person; "": nobody yet
	Subject      string // what the issuer calls the person
	SCIM         bool   // kept by the tenant's directory
	UserName     string // SCIM, as the directory sent it
	ExternalID   string // SCIM
	CreatedAt    time.Time
	UpdatedAt    time.Time
	InvitedUntil *time.Time
	LastSignInAt *time.Time
	Version      int64 // counts its changes, from 1

	profile string // SCIM: see scim.go
}

const memberColumns = `tenant_id, id, email, name, status, coalesce(issuer, ''), coalesce(subject, ''), scim, coalesce(user_name, ''),
	coalesce(external_id, ''), created_at, updated_at, invited_until, last_sign_in_at, version, coalesce(profile, '')`

func scanMember(row pgx.CollectableRow) (Member, error) {
	var m Member
	err := row.Scan(&m.TenantID, &m.ID, &m.Email, &m.Name, &m.Status, &m.Issuer, &m.Subject, &m.SCIM, &m.UserName,
		&m.ExternalID, &m.CreatedAt, &m.UpdatedAt, &m.InvitedUntil, &m.LastSignInAt, &m.Version, &m.profile)
	return m, err
}

func (m *Member) target() audit.Target {
	return audit.Target{Kind: "member", ID: id.Text(m.ID), Name: m.Email}
}

// actor is the member as the log names whoever does something; as authn does.
func (m *Member) actor(t *Tenant) audit.Actor {
	if t.IsPlatform() {
		return audit.Actor{Kind: audit.ByOperator, ID: authz.OperatorSubject(m.ID), Name: m.Email}
	}
	return audit.Actor{Kind: audit.ByMember, ID: authz.Subject(m.ID), Name: m.Email}
}

func (m *Member) state() map[string]any {
	s := map[string]any{"email": m.Email, "name": m.Name, "status": m.Status}
	if m.Issuer != "" {
		s["issuer"] = m.Issuer
	}
	return s
}

// maxInvitation is how long an invitation may be open.
const maxInvitation = 90 * 24 * time.Hour

// Invite adds a member that may sign in until then, at most 90 days from now.
// Grants are given to the member as to any other (package authz). Invalid: the
// address, the name or the time; Conflict: there is a member of that address.
func Invite(tx *postgres.Tx, email, name string, until, now time.Time) (*Member, error) {
	if !until.After(now) || until.After(now.Add(maxInvitation)) {
		return nil, fault.New(fault.Invalid, "an invitation ends after now, and within 90 days")
	}
	now, until = kept(now), kept(until)
	m, err := newMember(email, name, MemberInvited, now)
	if err != nil {
		return nil, err
	}
	m.InvitedUntil = &until
	if err := addMember(tx, m); err != nil {
		return nil, err
	}
	return m, audit.Record(tx, audit.Event{
		Type: audit.MemberInvited, Target: m.target(), After: m.state(), Details: map[string]any{"until": until},
	})
}

func newMember(email, name string, status MemberStatus, now time.Time) (*Member, error) {
	email, ok := address(email)
	if !ok {
		return nil, fault.New(fault.Invalid, "that is no e-mail address: a name, @ and a domain, at most 254 characters")
	}
	if name != "" {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	return &Member{ID: id.New(), Email: email, Name: name, Status: status, CreatedAt: kept(now), UpdatedAt: kept(now), Version: 1}, nil
}

// addMember inserts m, after those who change members now.
func addMember(tx *postgres.Tx, m *Member) error {
	if err := authz.Touch(tx); err != nil {
		return err
	}
	m.TenantID = tx.TenantID()
	n, err := tx.Exec(tx.Context(), `insert into members (tenant_id, id, email, name, status, issuer, subject, scim, user_name,
			external_id, created_at, updated_at, invited_until, profile)
		values ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8, nullif($9, ''), nullif($10, ''), $11, $11, $12, nullif($13, ''))
		on conflict (tenant_id, email) do nothing`, m.TenantID, m.ID, m.Email, m.Name, m.Status, m.Issuer, m.Subject, m.SCIM, m.UserName,
		m.ExternalID, m.CreatedAt, m.InvitedUntil, m.profile)
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "there is a member %s already", m.Email)
	}
	return err
}

// address returns an e-mail address as members have it, lower case; false for
// what is none.
func address(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text || len(text) > 254 || strings.ContainsAny(text, "\"\x00") {
		return "", false
	}
	_, ok := checkDomain(text[strings.LastIndexByte(text, '@')+1:])
	return text, ok
}

// GetMember returns a member, or NotFound.
func GetMember(tx *postgres.Tx, member int64) (*Member, error) {
	return oneMember(tx, `id = $2`, member)
}

// MemberOf returns the member whom that issuer calls so, or NotFound.
func MemberOf(tx *postgres.Tx, issuer, subject string) (*Member, error) {
	return oneMember(tx, `issuer = $2 and subject = $3`, queryable(issuer), queryable(subject))
}

// FindMember returns the member of that address or id as text, or NotFound.
func FindMember(tx *postgres.Tx, text string) (*Member, error) {
	if n, ok := id.Parse(text); ok {
		return GetMember(tx, n)
	}
	return oneMember(tx, `email = $2`, queryable(strings.ToLower(text)))
}

// lockMember is GetMember for whoever goes on to change the member, after
// those who change anybody's permissions now.
func lockMember(tx *postgres.Tx, member, version int64) (*Member, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	m, err := GetMember(tx, member)
	if err != nil {
		return nil, err
	}
	return m, sameVersion(version, m.Version)
}

func oneMember(tx *postgres.Tx, where string, args ...any) (*Member, error) {
	m, err := findMember(tx, where, args...)
	if err == nil && m == nil {
		err = fault.New(fault.NotFound, "there is no such member")
	}
	return m, err
}

// findMember is nil where there is none.
func findMember(tx *postgres.Tx, where string, args ...any) (*Member, error) {
	rows, err := tx.Query(tx.Context(), `select `+memberColumns+` from members where tenant_id = $1 and `+where, append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scanMember)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// MemberFilter narrows ListMembers; the zero filter is everybody.
type MemberFilter struct {
	Status MemberStatus // "": any
	Prefix string       // how the address begins, whatever the case
	Text   string       // part of the address or of the name, whatever the case
}

// ListMembers returns the members of one page, by address, and the cursor of
// the next page; "" when there is none. Invalid: the cursor.
func ListMembers(tx *postgres.Tx, f MemberFilter, page Page) ([]Member, string, error) {
	after, err := base64.RawURLEncoding.DecodeString(page.After)
	if err != nil {
		return nil, "", badCursor()
	}
	rows, err := tx.Query(tx.Context(), `select `+memberColumns+` from members
		where tenant_id = $1 and email > $2 and ($3 = '' or status = $3) and starts_with(email, $4)
			and (position($5 in email) > 0 or position($5 in lower(name)) > 0) order by email limit $6`,
		tx.TenantID(), queryable(string(after)), string(f.Status), queryable(strings.ToLower(f.Prefix)), queryable(strings.ToLower(f.Text)), page.Rows()+1)
	if err != nil {
		return nil, "", err
	}
	members, err := pgx.CollectRows(rows, scanMember)
	members, next := postgres.Cut(page, members, func(m Member) string { return base64.RawURLEncoding.EncodeToString([]byte(m.Email)) })
	return members, next, err
}

func badCursor() error { return fault.New(fault.Invalid, "that is no cursor of this list") }

// UpdateMember gives a member another name. version is what the caller has
// seen, 0: whatever there is. Invalid: the name; NotFound: the member;
// Conflict: the directory keeps the member; PreconditionFailed: it has changed since.
func UpdateMember(tx *postgres.Tx, member int64, name string, version int64, now time.Time) (*Member, error) {
	if name != "" {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	m, err := lockMember(tx, member, version)
	if err != nil {
		return nil, err
	}
	if m.SCIM {
		return nil, fault.New(fault.Conflict, "the directory keeps this member: change the name there")
	}
	before := *m
	m.Name = name
	return m, saveMember(tx, m, &before, audit.MemberChanged, now)
}

// DisableMember takes everything from a member until EnableMember: sessions
// and tokens end within a second. Twice is no error. NotFound: the member;
// Conflict: the last admin; PreconditionFailed: it has changed since version.
func DisableMember(tx *postgres.Tx, member, version int64, now time.Time) (*Member, error) {
	m, err := lockMember(tx, member, version)
	if err != nil {
		return nil, err
	}
	before := *m
	return m, disable(tx, m, &before, now)
}

// disable writes m, which may be different from before in more than this.
func disable(tx *postgres.Tx, m, before *Member, now time.Time) error {
	m.Status = MemberDisabled
	if before.Status == MemberDisabled {
		return saveMember(tx, m, before, audit.MemberChanged, now)
	}
	if err := saveMember(tx, m, before, audit.MemberDisabled, now); err != nil {
		return err
	}
	if err := endSessions(tx, m.ID, now); err != nil {
		return err
	}
	return authz.RequireAdmin(tx)
}

// EnableMember undoes DisableMember. Sessions from before stay ended.
func EnableMember(tx *postgres.Tx, member, version int64, now time.Time) (*Member, error) {
	m, err := lockMember(tx, member, version)
	if err != nil || m.Status != MemberDisabled {
		return m, err
	}
	before := *m
	if m.Status = MemberActive; m.Subject == "" && m.InvitedUntil != nil {
		m.Status = MemberInvited
	}
	return m, saveMember(tx, m, &before, audit.MemberEnabled, now)
}

// RemoveMember forgets a member with all grants and tokens; the log remembers.
// NotFound: the member; Conflict: the last admin; PreconditionFailed: it has
// changed since version.
func RemoveMember(tx *postgres.Tx, member, version int64) error {
	m, err := lockMember(tx, member, version)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(tx.Context(), `delete from members where tenant_id = $1 and id = $2`, tx.TenantID(), m.ID); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Event{Type: audit.MemberRemoved, Target: m.target(), Before: m.state()}); err != nil {
		return err
	}
	return authz.RequireAdmin(tx)
}

// saveMember writes m and tells of what is different from before; nothing
// different is no event. Version and UpdatedAt follow.
func saveMember(tx *postgres.Tx, m, before *Member, event audit.Type, now time.Time) error {
	return saveMemberBy(tx, audit.Actor{}, m, before, event, now)
}

// saveMemberBy is saveMember by that actor; zero: that of the source.
func saveMemberBy(tx *postgres.Tx, by audit.Actor, m, before *Member, event audit.Type, now time.Time) error {
	if *m == *before {
		return nil
	}
	m.Version, m.UpdatedAt = m.Version+1, kept(now)
	if _, err := tx.Exec(tx.Context(), `update members set email = $3, name = $4, status = $5, issuer = nullif($6, ''), subject = nullif($7, ''),
			scim = $8, user_name = nullif($9, ''), external_id = nullif($10, ''), invited_until = $11, last_sign_in_at = $12,
			profile = nullif($13, ''), version = $14, updated_at = $15 where tenant_id = $1 and id = $2`,
		m.TenantID, m.ID, m.Email, m.Name, m.Status, m.Issuer, m.Subject, m.SCIM, m.UserName, m.ExternalID, m.InvitedUntil, m.LastSignInAt,
		m.profile, m.Version, m.UpdatedAt); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: event, Actor: by, Target: m.target(), Before: before.state(), After: m.state()})
}
