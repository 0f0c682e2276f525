package tenant

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// TokenKind says whose a token is. The text of every token begins with
// stoa_<kind>_, so that people and secret scanners recognise it:
//
//	stoa_pat_<tenant id>-<token id>_<secret>     as in key user names
type TokenKind string

// The kinds of token.
const (
	TokenPersonal TokenKind = "personal" // stoa_pat_: does what its member may, within its actions
	TokenSCIM     TokenKind = "scim"     // stoa_scim_: the tenant's directory
)

var tokenWords = map[string]TokenKind{"pat": TokenPersonal, "scim": TokenSCIM}

// Token is what is known of an access token; never its secret.
type Token struct {
	ID         int64 // random; its text is id.Text
	Kind       TokenKind
	Member     int64 // 0: SCIM
	Name       string
	Actions    []authz.Action // at most these; SCIM: none
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  *time.Time
	LastUsedAt *time.Time // some seconds late
}

const (
	maxTokenLife = 366 * 24 * time.Hour
	maxTokens    = 100 // of one member, or of the directory, that work
)

// NewToken says what a token shall be.
type NewToken struct {
	Member    int64 // 0: a SCIM token of the tenant
	Name      string
	Actions   []authz.Action // personal: at least one
	May       []authz.Action // personal: all that the member may do now, anywhere in the tenant
	ExpiresAt time.Time      // at most 366 days from now
}

// CreateToken adds a token and returns its text, which can be had here only.
// Invalid: name, actions or expiry; Forbidden: an action that is not in May;
// NotFound: the member; Conflict: too many.
func CreateToken(tx *postgres.Tx, peppers *Peppers, n NewToken, now time.Time) (*Token, secret.Text, error) {
	var none secret.Text
	if err := n.check(now); err != nil {
		return nil, none, err
	}
	kind, word, event := TokenSCIM, "scim", audit.SCIMTokenCreated
	if n.Member != 0 {
		kind, word, event = TokenPersonal, "pat", audit.TokenCreated
		if _, err := GetMember(tx, n.Member); err != nil {
			return nil, none, err
		}
	}
	var working int
	if err := tx.QueryRow(tx.Context(), `select count(*) from access_tokens where tenant_id = $1 and kind = $2 and coalesce(member_id, 0) = $3::bigint
		and revoked_at is null and expires_at > $4`, tx.TenantID(), kind, n.Member, now).Scan(&working); err != nil {
		return nil, none, err
	}
	if working >= maxTokens {
		return nil, none, fault.New(fault.Conflict, "%d tokens work already: revoke one first", working)
	}
	t := &Token{
		ID: id.New(), Kind: kind, Member: n.Member, Name: n.Name, Actions: slices.Compact(slices.Sorted(slices.Values(n.Actions))),
		CreatedAt: kept(now), ExpiresAt: kept(n.ExpiresAt),
	}
	plain := newOneTime(word, tx.TenantID(), t.ID)
	h, _ := peppers.hash(peppers.current, tx.TenantID(), t.ID, plain.Reveal())
	names := make([]string, len(t.Actions))
	for i, a := range t.Actions {
		names[i] = string(a)
	}
	if _, err := tx.Exec(tx.Context(), `insert into access_tokens (tenant_id, id, kind, member_id, name, actions, hash, pepper, created_at, expires_at)
		values ($1, $2, $3, nullif($4::bigint, 0), $5, $6, $7, $8, $9, $10)`,
		tx.TenantID(), t.ID, kind, t.Member, t.Name, names, h[:], peppers.current, t.CreatedAt, t.ExpiresAt); err != nil {
		return nil, none, err
	}
	return t, plain, audit.Record(tx, audit.Event{Type: event, Target: t.target(), After: t.state()})
}

func (n *NewToken) check(now time.Time) error {
	if err := checkName(n.Name); err != nil {
		return err
	}
	switch {
	case !n.ExpiresAt.After(now), n.ExpiresAt.After(now.Add(maxTokenLife)):
		return fault.New(fault.Invalid, "a token ends after now, and within 366 days")
	case n.Member == 0 && len(n.Actions) > 0:
		return fault.New(fault.Invalid, "a SCIM token has no actions")
	case n.Member != 0 && len(n.Actions) == 0:
		return fault.New(fault.Invalid, "a token needs at least one action")
	}
	for _, a := range n.Actions {
		if !slices.Contains(n.May, a) {
			return fault.New(fault.Forbidden, "you may not do %q yourself", a)
		}
	}
	return nil
}

func (t *Token) target() audit.Target {
	return audit.Target{Kind: "token", ID: id.Text(t.ID), Name: t.Name}
}

func (t *Token) state() map[string]any {
	s := map[string]any{"name": t.Name, "expires_at": t.ExpiresAt}
	if t.Member != 0 {
		s["member"], s["actions"] = id.Text(t.Member), t.Actions
	}
	return s
}

// newOneTime returns a secret that says where it belongs.
func newOneTime(word string, tenant, row int64) secret.Text {
	random := strings.TrimPrefix(newSecret().Reveal(), secretPrefix)
	return secret.New(secretPrefix + word + "_" + UserName(tenant, row) + "_" + random)
}

// parseOneTime undoes newOneTime.
func parseOneTime(text string) (word string, tenant, row int64, ok bool) {
	parts := strings.Split(text, "_")
	if len(parts) != 4 || parts[0]+"_" != secretPrefix || len(parts[3]) != secretEncoding.EncodedLen(32) {
		return "", 0, 0, false
	}
	tenant, row, ok = ParseUserName(parts[2])
	return parts[1], tenant, row, ok
}

// ParseToken returns what the text of a token says by itself; false for
// everything that CreateToken never returns.
func ParseToken(text string) (kind TokenKind, tenant, token int64, ok bool) {
	word, tenant, token, ok := parseOneTime(text)
	kind, known := tokenWords[word]
	return kind, tenant, token, ok && known
}

const tokenColumns = `id, kind, coalesce(member_id, 0), name, actions, created_at, expires_at, revoked_at, last_used_at`

// ListTokens returns the tokens of a member (0: the SCIM tokens) of one page,
// by id, also those that are over, and the cursor of the next page; "" when
// there is none. Invalid: the cursor.
func ListTokens(tx *postgres.Tx, member int64, page Page) ([]Token, string, error) {
	var after int64
	if page.After != "" {
		var ok bool
		if after, ok = id.Parse(page.After); !ok {
			return nil, "", badCursor()
		}
	}
	rows, err := tx.Query(tx.Context(), `select `+tokenColumns+` from access_tokens
		where tenant_id = $1 and coalesce(member_id, 0) = $2 and id > $3 order by id limit $4`, tx.TenantID(), member, after, page.Rows()+1)
	if err != nil {
		return nil, "", err
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
	tokens, next := postgres.Cut(page, tokens, func(t Token) string { return id.Text(t.ID) })
	return tokens, next, err
}

// RevokeToken ends a token of a member (0: a SCIM token) for good, everywhere
// within a second. Twice is no error and keeps the first time. NotFound: the
// member has no such token.
func RevokeToken(tx *postgres.Tx, member, token int64, now time.Time) (*Token, error) {
	rows, err := tx.Query(tx.Context(), `select `+tokenColumns+` from access_tokens
		where tenant_id = $1 and id = $2 and coalesce(member_id, 0) = $3 for update`, tx.TenantID(), token, member)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such token")
	}
	t := &found[0]
	if t.RevokedAt != nil {
		return t, nil
	}
	at := kept(now)
	t.RevokedAt = &at
	if _, err := tx.Exec(tx.Context(), `update access_tokens set revoked_at = $3 where tenant_id = $1 and id = $2`, tx.TenantID(), t.ID, at); err != nil {
		return nil, err
	}
	event := audit.SCIMTokenRevoked
	if t.Kind == TokenPersonal {
		event = audit.TokenRevoked
	}
	return t, audit.Record(tx, audit.Event{Type: event, Target: t.target(), Before: t.state()})
}

// Bearer is what authn needs to know of a token: all that can change the
// answer to a request, and nothing that is a secret. It does not change.
type Bearer struct {
	Token
	Tenant    int64
	Slug      string
	Platform  bool // the tenant is the platform's
	Suspended bool // the tenant
	Limits    Limits
	Email     string // of the member; "": SCIM
	Person    string // name of the member
	Disabled  bool   // the member is not active

	hash   []byte
	pepper int16
}

// LoadToken reads a token of the transaction's tenant; NotFound when there is none.
func LoadToken(tx *postgres.Tx, token int64) (*Bearer, error) {
	b := &Bearer{Tenant: tx.TenantID()}
	err := tx.QueryRow(tx.Context(), `select a.id, a.kind, coalesce(a.member_id, 0), a.name, a.actions, a.created_at, a.expires_at, a.revoked_at,
			a.last_used_at, t.slug, t.kind = 'platform', t.status = 'suspended', coalesce(t.request_limit, 0), coalesce(t.statement_limit, 0),
			coalesce(m.email, ''), coalesce(m.name, ''), coalesce(m.status <> 'active', false), a.hash, a.pepper
		from access_tokens a join tenants t on t.id = a.tenant_id left join members m on m.tenant_id = a.tenant_id and m.id = a.member_id
		where a.tenant_id = $1 and a.id = $2`, b.Tenant, token).
		Scan(&b.ID, &b.Kind, &b.Member, &b.Name, &b.Actions, &b.CreatedAt, &b.ExpiresAt, &b.RevokedAt, &b.LastUsedAt,
			&b.Slug, &b.Platform, &b.Suspended, &b.Limits.Requests, &b.Limits.Statements, &b.Email, &b.Person, &b.Disabled, &b.hash, &b.pepper)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Match compares the whole text of a token with the stored one in constant time.
func (b *Bearer) Match(peppers *Peppers, text string) bool {
	return peppers.same(b.pepper, b.hash, b.Tenant, b.ID, text)
}

// Works reports whether the token is neither revoked nor over, and its member active.
func (b *Bearer) Works(now time.Time) bool {
	return b.RevokedAt == nil && now.Before(b.ExpiresAt) && !b.Disabled
}

func (p *Peppers) same(version int16, stored []byte, tenant, row int64, text string) bool {
	h, known := p.hash(version, tenant, row, text)
	return subtle.ConstantTimeCompare(h[:], stored) == 1 && known
}

// TokenUse is the last use of one token.
type TokenUse struct {
	Token int64
	At    time.Time
}

// RecordTokenUses keeps the last use of each token, in one statement. Uses may
// come late and out of order: an older one changes nothing.
func RecordTokenUses(tx *postgres.Tx, uses []TokenUse) error {
	tokens, times := make([]int64, len(uses)), make([]time.Time, len(uses))
	for i, u := range uses {
		tokens[i], times[i] = u.Token, u.At
	}
	_, err := tx.Exec(tx.Context(), `update access_tokens a set last_used_at = u.at from unnest($2::bigint[], $3::timestamptz[]) as u (id, at)
		where a.tenant_id = $1 and a.id = u.id and (a.last_used_at is null or a.last_used_at < u.at)`, tx.TenantID(), tokens, times)
	return err
}
