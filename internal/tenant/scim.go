package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/scim"
)

// The directory's people are members: those that it keeps (Member.SCIM), and it
// sees no others. Ids are those of members as text. Errors have scim's types;
// NotFound is a user that the directory does not keep.

// CreateUser adds a member by the directory's word, who may sign in at once; a
// member of that address whom the directory did not keep yet is kept by it from
// now on. Invalid: no address; Conflict: it keeps that user name or address already.
func CreateUser(tx *postgres.Tx, u *scim.User, now time.Time) (*scim.User, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	email, ok := address(u.Address())
	if !ok {
		return nil, scim.InvalidValue("a user needs an e-mail address, in emails or as userName")
	}
	m, err := findMember(tx, `email = $2`, email)
	if err != nil {
		return nil, err
	}
	if m != nil && m.SCIM {
		return nil, taken()
	}
	event := audit.MemberChanged
	if m == nil {
		event = audit.MemberInvited
		if m, err = newMember(email, "", MemberActive, now); err != nil {
			return nil, err
		}
		if err := addMember(tx, m); err != nil {
			return nil, err
		}
	}
	m.SCIM = true
	return putUser(tx, m, u, event, now)
}

// GetUser returns a user that the directory keeps, with groups.
func GetUser(tx *postgres.Tx, user int64) (*scim.User, error) {
	m, err := scimMember(tx, user)
	if err != nil {
		return nil, err
	}
	return oneUser(tx, m)
}

// ReplaceUser makes a user be what u says (PUT). version is what the directory
// has seen, 0: whatever there is.
func ReplaceUser(tx *postgres.Tx, user int64, u *scim.User, version int64, now time.Time) (*scim.User, error) {
	m, err := lockUser(tx, user, version)
	if err != nil {
		return nil, err
	}
	return putUser(tx, m, u, audit.MemberChanged, now)
}

// PatchUser does the operations of a PATCH to a user.
func PatchUser(tx *postgres.Tx, user int64, operations []scim.Operation, version int64, now time.Time) (*scim.User, error) {
	m, err := lockUser(tx, user, version)
	if err != nil {
		return nil, err
	}
	u, err := m.user()
	if err != nil {
		return nil, err
	}
	if err := u.Apply(operations); err != nil {
		return nil, err
	}
	return putUser(tx, m, u, audit.MemberChanged, now)
}

// DeleteUser disables a user and ends the directory's keeping: the member
// stays, for the log and the statements' sake, until an admin removes it.
func DeleteUser(tx *postgres.Tx, user, version int64, now time.Time) error {
	m, err := lockUser(tx, user, version)
	if err != nil {
		return err
	}
	if err := leaveGroups(tx, m, now); err != nil {
		return err
	}
	before := *m
	m.SCIM, m.UserName, m.ExternalID, m.profile = false, "", "", ""
	return disable(tx, m, &before, now)
}

func lockUser(tx *postgres.Tx, user, version int64) (*Member, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	m, err := scimMember(tx, user)
	if err != nil {
		return nil, err
	}
	return m, sameVersion(version, m.Version)
}

func scimMember(tx *postgres.Tx, user int64) (*Member, error) {
	m, err := findMember(tx, `id = $2 and scim`, user)
	if err == nil && m == nil {
		err = fault.New(fault.NotFound, "there is no such user")
	}
	return m, err
}

func taken() error {
	return scim.Taken("there is a user of that userName or e-mail address already")
}

// putUser makes m be what u says; event tells of a change that is neither
// disabling nor enabling.
func putUser(tx *postgres.Tx, m *Member, u *scim.User, event audit.Type, now time.Time) (*scim.User, error) {
	email, ok := address(u.Address())
	if !ok {
		return nil, scim.InvalidValue("a user needs an e-mail address, in emails or as userName")
	}
	other, err := findMember(tx, `id <> $2 and (email = $3 or lower(user_name) = lower($4))`, m.ID, email, u.UserName)
	if err != nil {
		return nil, err
	}
	if other != nil {
		return nil, taken()
	}
	before := *m
	m.Email, m.UserName, m.ExternalID, m.Name = email, u.UserName, u.ExternalID, shown(u.FullName())
	profile, err := json.Marshal(scim.User{Name: u.Name, DisplayName: u.DisplayName, Emails: u.Emails})
	if err != nil {
		return nil, err
	}
	m.profile = string(profile)
	switch active := u.IsActive(); {
	case !active:
		err = disable(tx, m, &before, now)
	case before.Status == MemberDisabled:
		m.Status = MemberActive
		err = saveMember(tx, m, &before, audit.MemberEnabled, now)
	default:
		m.Status, m.InvitedUntil = MemberActive, nil
		err = saveMember(tx, m, &before, event, now)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23505" {
		return nil, taken()
	}
	if err != nil {
		return nil, err
	}
	return oneUser(tx, m)
}

// shown is a name as members have it, made of what the directory sent.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(name); len(runes) > 200 {
		name = string(runes[:200])
	}
	return strings.TrimSpace(name)
}

// user is m as the directory sees it, without groups.
func (m *Member) user() (*scim.User, error) {
	var u scim.User
	if err := json.Unmarshal([]byte(m.profile), &u); err != nil {
		return nil, fmt.Errorf("profile of member %d: %w", m.ID, err)
	}
	u.Schemas, u.ID, u.ExternalID, u.UserName = []string{scim.UserSchema}, id.Text(m.ID), m.ExternalID, m.UserName
	u.SetActive(m.Status != MemberDisabled)
	u.Meta = &scim.Meta{ResourceType: "User", Created: m.CreatedAt.UTC(), LastModified: m.UpdatedAt.UTC(), Version: scim.ETag(m.Version)}
	return &u, nil
}

func oneUser(tx *postgres.Tx, m *Member) (*scim.User, error) {
	users, err := usersOf(tx, []Member{*m})
	if err != nil {
		return nil, err
	}
	return users[0], nil
}

// usersOf makes users of members, with their groups.
func usersOf(tx *postgres.Tx, members []Member) ([]*scim.User, error) {
	users, ids, at := make([]*scim.User, len(members)), make([]int64, len(members)), map[int64]*scim.User{}
	for i := range members {
		u, err := members[i].user()
		if err != nil {
			return nil, err
		}
		users[i], ids[i], at[members[i].ID] = u, members[i].ID, u
	}
	rows, err := tx.Query(tx.Context(), `select gm.member_id, g.id, g.display_name from scim_group_members gm
		join scim_groups g on g.tenant_id = gm.tenant_id and g.id = gm.group_id
		where gm.tenant_id = $1 and gm.member_id = any ($2) order by g.display_name`, tx.TenantID(), ids)
	if err != nil {
		return nil, err
	}
	var member, group int64
	var name string
	_, err = pgx.ForEachRow(rows, []any{&member, &group, &name}, func() error {
		u := at[member]
		u.Groups = append(u.Groups, scim.Ref{Value: id.Text(group), Display: name, Type: "direct"})
		return nil
	})
	return users, err
}

// ListUsers returns one page of the users that the filter (nil: all) matches,
// by id, and how many there are in all. Invalid: an attribute that cannot be searched.
func ListUsers(tx *postgres.Tx, f *scim.Filter, page scim.Page) ([]*scim.User, int, error) {
	q := query{args: []any{tx.TenantID()}}
	where, err := q.where(f, map[string]func(string) string{
		"id":           func(v string) string { return "id = " + q.id(v) },
		"username":     func(v string) string { return "lower(user_name) = lower(" + q.arg(v) + ")" },
		"externalid":   func(v string) string { return "external_id = " + q.arg(v) },
		"emails":       func(v string) string { return "email = lower(" + q.arg(v) + ")" },
		"emails.value": func(v string) string { return "email = lower(" + q.arg(v) + ")" },
		"displayname":  func(v string) string { return "lower(name) = lower(" + q.arg(v) + ")" },
		"active": func(v string) string {
			return "(status <> 'disabled') = (" + q.arg(strings.ToLower(v)) + " = 'true')"
		},
	})
	if err != nil {
		return nil, 0, err
	}
	where = "tenant_id = $1 and scim and " + where
	var total int
	if err := tx.QueryRow(tx.Context(), `select count(*) from members where `+where, q.args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := tx.Query(tx.Context(), `select `+memberColumns+` from members where `+where+
		fmt.Sprintf(` order by id offset %d limit %d`, page.Start-1, page.Count), q.args...)
	if err != nil {
		return nil, 0, err
	}
	members, err := pgx.CollectRows(rows, scanMember)
	if err != nil {
		return nil, 0, err
	}
	users, err := usersOf(tx, members)
	return users, total, err
}

// query makes SQL of a filter: attributes by a list, values as arguments.
type query struct{ args []any }

func (q *query) arg(value string) string {
	q.args = append(q.args, value)
	return "$" + strconv.Itoa(len(q.args)) + "::text"
}

// id is an argument that is an id; what is none matches nothing.
func (q *query) id(text string) string {
	n, _ := id.Parse(text)
	q.args = append(q.args, n)
	return "$" + strconv.Itoa(len(q.args)) + "::bigint"
}

func (q *query) where(f *scim.Filter, attributes map[string]func(value string) string) (string, error) {
	if f == nil {
		return "true", nil
	}
	both, word := f.And, " and "
	if f.Or != nil {
		both, word = f.Or, " or "
	}
	if both == nil {
		compare, known := attributes[f.Attr]
		if !known {
			return "", scim.InvalidFilter("%.100q cannot be searched", f.Attr)
		}
		return compare(f.Value), nil
	}
	left, err := q.where(&both[0], attributes)
	if err != nil {
		return "", err
	}
	right, err := q.where(&both[1], attributes)
	return "(" + left + word + right + ")", err
}
