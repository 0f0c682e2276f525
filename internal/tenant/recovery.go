package tenant

import (
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// recoveryLife is how long a recovery link is good.
const recoveryLife = 15 * time.Minute

// CreateRecovery makes the secret of a link that lets whoever has it in once,
// within 15 minutes, as an admin of the tenant with that e-mail address.
// Invalid: the address.
func CreateRecovery(tx *postgres.Tx, peppers *Peppers, email string, now time.Time) (token secret.Text, expires time.Time, err error) {
	email, ok := address(email)
	if !ok {
		return token, expires, fault.New(fault.Invalid, "that is no e-mail address")
	}
	link := id.New()
	token = newOneTime("rec", tx.TenantID(), link)
	expires = kept(now.Add(recoveryLife))
	h, _ := peppers.hash(peppers.current, tx.TenantID(), link, token.Reveal())
	if _, err := tx.Exec(tx.Context(), `insert into recovery_links (tenant_id, id, email, hash, pepper, expires_at) values ($1, $2, $3, $4, $5, $6)`,
		tx.TenantID(), link, email, h[:], peppers.current, expires); err != nil {
		return secret.Text{}, expires, err
	}
	return token, expires, audit.Record(tx, audit.Event{
		Type: audit.RecoveryLinkMade, Target: audit.Target{Kind: "email", ID: email, Name: email}, Details: map[string]any{"expires_at": expires},
	})
}

// ParseRecovery returns the tenant that a recovery link's token belongs to;
// false for everything that CreateRecovery never returns.
func ParseRecovery(token string) (tenant int64, ok bool) {
	word, tenant, _, ok := parseOneTime(token)
	return tenant, ok && word == "rec"
}

// UseRecovery takes a recovery link's token, once, and returns its member, who
// is made or enabled where needed and has the role that runs the tenant. As
// with SignIn a refusal is no error: let the transaction commit.
func UseRecovery(tx *postgres.Tx, peppers *Peppers, token string, now time.Time) (*Member, *Refusal, error) {
	if err := authz.Touch(tx); err != nil { // one link used twice at once: one of them wins
		return nil, nil, err
	}
	email, err := takeRecovery(tx, peppers, token, now)
	if err != nil {
		return nil, nil, err
	}
	if email == "" {
		return nil, &Refusal{reasonRecovery}, recordRefusal(tx, Identity{}, reasonRecovery)
	}
	t, err := Self(tx)
	if err != nil {
		return nil, nil, err
	}
	m, err := findMember(tx, `email = $2`, email)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		if m, err = newMember(email, "", MemberActive, now); err != nil {
			return nil, nil, err
		}
		err = addMember(tx, m)
	} else {
		before := *m
		m.Status, m.InvitedUntil = MemberActive, nil
		err = saveMemberBy(tx, m.actor(t), m, &before, audit.MemberEnabled, now)
	}
	if err != nil {
		return nil, nil, err
	}
	grants, err := grantsOf(tx, m.ID, now)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(grants, func(g authz.Grant) bool { return g.Source == authz.Recovery && lasting(g, adminRole(t)) }) {
		if _, err := authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: m.ID, Role: adminRole(t), Source: authz.Recovery}, now); err != nil {
			return nil, nil, err
		}
	}
	return m, nil, audit.Record(tx, audit.Event{Type: audit.RecoveryLinkUsed, Actor: m.actor(t), Target: m.target()})
}

// takeRecovery returns the address of a link that is good, and ends it; "" for
// one that is not.
func takeRecovery(tx *postgres.Tx, peppers *Peppers, token string, now time.Time) (string, error) {
	word, tenant, link, ok := parseOneTime(token)
	if !ok || word != "rec" || tenant != tx.TenantID() {
		peppers.Pretend(token)
		return "", nil
	}
	var email string
	var hash []byte
	var pepper int16
	var expires time.Time
	var used *time.Time
	err := tx.QueryRow(tx.Context(), `select email, hash, pepper, expires_at, used_at from recovery_links
		where tenant_id = $1 and id = $2 for update`, tenant, link).Scan(&email, &hash, &pepper, &expires, &used)
	if errors.Is(err, pgx.ErrNoRows) {
		peppers.Pretend(token)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if !peppers.same(pepper, hash, tenant, link, token) || used != nil || !now.Before(expires) {
		return "", nil
	}
	_, err = tx.Exec(tx.Context(), `update recovery_links set used_at = $3 where tenant_id = $1 and id = $2`, tenant, link, kept(now))
	return email, err
}
