package tenant

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Identity is what a tenant's provider says of a person, as it was verified.
type Identity struct {
	Issuer        string   `json:"issuer"`
	Subject       string   `json:"subject"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	Name          string   `json:"name"`
	Groups        []string `json:"groups"` // of the provider's groups claim
}

// Refusal says why somebody may not come in. People are told one text for all
// of them, so that nobody learns who is known here; Reason stands in the log.
type Refusal struct{ Reason string }

// Err is what the person is told: Forbidden.
func (*Refusal) Err() error {
	return fault.New(fault.Forbidden, "you cannot sign in here: ask an admin of your organisation for access")
}

// The reasons of a Refusal.
const (
	reasonIdentity   = "the provider's identity has no subject, or text that cannot be kept"
	reasonIssuer     = "the identity is of another issuer than the provider's"
	reasonNoEmail    = "nobody has this identity, and it has no e-mail address"
	reasonUnverified = "the e-mail address is not verified, and not of the provider's domains"
	reasonTaken      = "the e-mail address is that of a member with another identity"
	reasonUninvited  = "nobody has this identity, and its domain may not sign in without an invitation"
	reasonNoRole     = "no role results from groups, invitation or default"
	reasonDisabled   = "the member is disabled"
	reasonExpired    = "the invitation has ended"
	reasonRecovery   = "the recovery link is used, over, or never was"
)

// SignIn decides whether a person of the provider may come in, and keeps what
// the provider says: it finds the member by issuer and subject, else one that
// has this e-mail address and no identity at this issuer yet, else makes one
// where the address's domain may sign in without an invitation and a role
// results. An address counts only when it is verified or of the provider's
// domains. Roles follow the groups, name and address follow too.
//
// A refusal is no error: the transaction holds the event that tells of it, so
// let it commit and then answer with Refusal.Err. Whoever calls records the
// sign-in itself (audit.SignedIn), for the session is its own.
func SignIn(tx *postgres.Tx, who Identity, by *Provider, now time.Time) (*Member, *Refusal, error) {
	d, err := decide(tx, &who, by, now)
	if err == nil && d.changes(who, by) { // most sign-ins change nothing, and need not wait
		if err := authz.Touch(tx); err != nil {
			return nil, nil, err
		}
		d, err = decide(tx, &who, by, now) // as whoever came first left it
	}
	if err != nil {
		return nil, nil, err
	}
	if d.refused != "" {
		return nil, &Refusal{d.refused}, recordRefusal(tx, who, d.refused)
	}
	if err := keep(tx, d, who, by, now); err != nil {
		return nil, nil, err
	}
	m := d.member
	if _, err := authz.SyncGrants(tx, m.ID, authz.SSO, d.roles, now); err != nil {
		return nil, nil, err
	}
	if grants, err := grantsOf(tx, m.ID, now); err != nil || len(grants) > 0 {
		return m, nil, err
	}
	return nil, &Refusal{reasonNoRole}, recordRefusal(tx, who, reasonNoRole)
}

// keep writes what the provider says of the member, new or known.
func keep(tx *postgres.Tx, d decision, who Identity, by *Provider, now time.Time) error {
	m := d.member
	before := *m
	m.Issuer, m.Subject, m.Status, m.InvitedUntil = who.Issuer, who.Subject, MemberActive, nil
	event := audit.MemberChanged
	if m.LastSignInAt == nil {
		event = audit.MemberJoined
	}
	t, err := Self(tx)
	if err != nil {
		return err
	}
	if d.made {
		if err = addMember(tx, m); err == nil {
			err = audit.Record(tx, audit.Event{Type: event, Actor: m.actor(t), Target: m.target(), After: m.state()})
		}
	} else {
		if !m.SCIM { // the directory's word comes first
			err = follow(tx, m, who, by)
		}
		if err == nil {
			err = saveMemberBy(tx, m.actor(t), m, &before, event, now)
		}
	}
	if err != nil {
		return err
	}
	signedIn := kept(now)
	m.LastSignInAt = &signedIn // no change that anybody has to see before changing the member
	_, err = tx.Exec(tx.Context(), `update members set last_sign_in_at = $3 where tenant_id = $1 and id = $2`, tx.TenantID(), m.ID, signedIn)
	return err
}

// follow takes over the name, and the address if it may be believed and is nobody else's.
func follow(tx *postgres.Tx, m *Member, who Identity, by *Provider) error {
	if checkName(who.Name) == nil {
		m.Name = who.Name
	}
	if who.Email == m.Email || !by.believes(who) {
		return nil
	}
	other, err := findMember(tx, `email = $2`, who.Email)
	if err == nil && other == nil {
		m.Email = who.Email
	}
	return err
}

// decision is what a sign-in comes to; nothing is written yet.
type decision struct {
	member  *Member
	made    bool // member is new
	roles   []authz.Wanted
	refused string
}

// changes reports whether keep may write more than the time of the sign-in.
func (d *decision) changes(who Identity, by *Provider) bool {
	m := d.member
	switch {
	case d.refused != "":
		return false
	case d.made, m.Status != MemberActive, m.LastSignInAt == nil, m.Issuer != who.Issuer, m.Subject != who.Subject:
		return true
	}
	return !m.SCIM && (m.Name != who.Name || m.Email != who.Email && by.believes(who))
}

func decide(tx *postgres.Tx, who *Identity, by *Provider, now time.Time) (d decision, err error) {
	if who.Email, _ = address(who.Email); !who.keepable() {
		return decision{refused: reasonIdentity}, nil
	}
	if who.Issuer != by.Issuer {
		return decision{refused: reasonIssuer}, nil
	}
	if d.roles, err = rolesOf(tx, who.Groups, by.DefaultRole); err != nil {
		return d, err
	}
	if d.member, err = findMember(tx, `issuer = $2 and subject = $3`, who.Issuer, who.Subject); err != nil {
		return d, err
	}
	if d.member == nil {
		if err := d.byAddress(tx, who, by, now); err != nil || d.refused != "" {
			return d, err
		}
	}
	switch m := d.member; {
	case m.Status == MemberDisabled:
		d.refused = reasonDisabled
	case m.Status == MemberInvited && m.InvitedUntil != nil && !now.Before(*m.InvitedUntil):
		d.refused = reasonExpired
	}
	return d, nil
}

// byAddress links the identity to the member of its address, or makes one.
func (d *decision) byAddress(tx *postgres.Tx, who *Identity, by *Provider, now time.Time) (err error) {
	if who.Email == "" {
		d.refused = reasonNoEmail
		return nil
	}
	if d.member, err = findMember(tx, `email = $2`, who.Email); err != nil {
		return err
	}
	switch {
	case !by.believes(*who):
		d.refused = reasonUnverified
	case d.member != nil && d.member.Issuer == by.Issuer && d.member.Subject != who.Subject: // the same, if it was made just now
		d.refused = reasonTaken // only the provider's own word could tell that it is the same person
	case d.member != nil:
	case !by.admits(who.Email):
		d.refused = reasonUninvited
	case len(d.roles) == 0:
		d.refused = reasonNoRole
	default:
		name := who.Name
		if checkName(name) != nil {
			name = ""
		}
		d.made = true
		d.member, err = newMember(who.Email, name, MemberActive, now)
	}
	return err
}

// keepable reports whether the database can hold it.
func (who *Identity) keepable() bool {
	for _, s := range append([]string{who.Issuer, who.Subject}, who.Groups...) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > 1000 {
			return false
		}
	}
	return who.Subject != "" && len(who.Groups) <= maxGroups
}

// maxGroups bounds what is looked up at a sign-in.
const maxGroups = 5000

// rolesOf returns what the mapping makes of groups, else the default.
func rolesOf(tx *postgres.Tx, groups []string, otherwise string) ([]authz.Wanted, error) {
	rows, err := tx.Query(tx.Context(), `select distinct role, coalesce(store_id, 0) from role_mappings
		where tenant_id = $1 and claim = any ($2) order by 1, 2`, tx.TenantID(), slices.Clip(groups))
	if err != nil {
		return nil, err
	}
	roles, err := pgx.CollectRows(rows, pgx.RowToStructByPos[authz.Wanted])
	if err == nil && len(roles) == 0 && otherwise != "" {
		roles = []authz.Wanted{{Role: otherwise}}
	}
	return roles, err
}

// MappedRoles returns what the mapping makes of groups, for people to look at:
// the slugs of roles, in the whole tenant or a store; the default where the
// groups give none.
func MappedRoles(tx *postgres.Tx, groups []string, otherwise string) ([]string, error) {
	wanted, err := rolesOf(tx, groups, otherwise)
	roles := make([]string, len(wanted))
	for i, w := range wanted {
		roles[i] = w.Role
	}
	return slices.Compact(roles), err
}

func recordRefusal(tx *postgres.Tx, who Identity, reason string) error {
	t, err := Self(tx)
	if err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{
		Type: audit.SignInFailed, Outcome: audit.Denied, Target: t.target(), Details: map[string]any{
			"reason": reason, "issuer": who.Issuer, "subject": who.Subject, "email": who.Email,
		},
	})
}

// Self returns the tenant of the transaction.
func Self(tx *postgres.Tx) (*Tenant, error) {
	rows, err := tx.Query(tx.Context(), `select `+tenantColumns+` from tenants where id = $1`, tx.TenantID())
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTenant)
	return &t, err
}
