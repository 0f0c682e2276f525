package postgres_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// The third fence is what the catalog of the database says. These are the only
// things in it that are allowed to look different, and why.
var exceptions = map[string]string{
	"tenants":          "a tenant is its own row: the policy compares id; operators see all",
	"goose_db_version": "the migrations' own table: operators may read which have been applied",
	"migration_sums":   "what text of each migration was applied, for the owner alone",
}

// boundTo is how a policy must bind a role's rows. Policies that are OR'ed, or
// that read other tables, would be slower or leak.
var boundTo = map[string]string{
	postgres.AppRole:    `(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint)`,
	postgres.IngestRole: `(tenant_id = ANY ((NULLIF(current_setting('app.tenants'::text, true), ''::text))::bigint[]))`,
}

// unbound are the policies that show a role rows of every tenant, word for word, and why.
var unbound = map[string]string{
	"tenant_domains stoa_operator r true":      "an e-mail address has to lead to a tenant before there is one",
	"audit_events stoa_operator a true":        "operators' acts on a tenant stand in its log; they cannot read it",
	"usage_statements stoa_operator r true":    "how much each tenant uses: numbers, and no name of anything",
	"usage_storage stoa_operator r true":       "as above",
	"usage_requests stoa_operator r true":      "as above",
	"audit_events stoa_operator r " + overview: "operators see that something was administered, by columns without names or details (decision 0027)",
	"audit_events stoa_audit * true":           "the sealer sees the log of all tenants, and nothing else",
	"audit_seals stoa_audit * true":            "as above",
	"audit_segments stoa_audit * true":         "it makes the log searchable",
	"audit_words stoa_audit * true":            "as above",
	"audit_anchors stoa_audit * true":          "it writes seals to an outside store",
	"audit_streams stoa_audit * true":          "it sends events to where each tenant wants them",
}

// overview is the closed list of events of which operators see that they were.
const overview = `(action = ANY ('{tenant.created,tenant.changed,tenant.suspended,tenant.resumed,operator.entered,operator.left,operator.looked,` +
	`recovery.created,recovery.used,member.invited,member.joined,member.changed,member.disabled,member.enabled,member.removed,` +
	`group.changed,grant.given,grant.taken,grant.kept,role.created,role.changed,role.deleted,` +
	`sso.changed,sso.tested,sso.activated,sso.mapping_changed,sso.domain_changed,scim.token_created,scim.token_revoked,` +
	`token.created,token.revoked,key.created,key.changed,key.rotated,key.revoked,store.created,store.changed,store.emptied,` +
	`settings.changed,access.reviewed,audit.exported,audit.verified,audit.stream_changed,audit.retention_ran}'::text[]))`

// acrossTenants are the unique indexes that bind all tenants together, and why.
// Each tells a tenant that a value is taken.
var acrossTenants = map[string]string{
	"domain_verified_once": "an e-mail domain leads to one tenant: whoever proves that it is theirs; the domain is public, and so is its proof",
}

// appendOnly are the tables to which every role of the service may only add.
var appendOnly = []string{"audit_events", "audit_seals"}

// expires are the grants to delete from them all the same. The table's trigger
// lets through only what the chain says has expired (decision 0020).
var expires = map[grant]string{
	{postgres.AuditRole, "DELETE"}: "audit_events",
}

var roles = postgres.Roles

func TestTheSchemaForcesIsolation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.Empty(t, offences(t, w.as(w.urls.Owner)))
}

// The rule must find what breaks it: each of these is a mistake that a migration
// could make.
func TestTheCatalogRuleFindsMistakes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	own := `(tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)`
	for name, c := range map[string]struct{ sql, want string }{
		"no row security":                      {`create table x (tenant_id bigint primary key)`, "x: row-level security is not forced"},
		"not forced":                           {`create table x (tenant_id bigint primary key); alter table x enable row level security`, "x: row-level security is not forced"},
		"granted, no policy":                   {`grant select on key_secrets to stoa_ingest`, "key_secrets: stoa_ingest has grants and 0 policies"},
		"two policies":                         {`create policy more on stores to stoa_app using ` + own, "stores: stoa_app has grants and 2 policies"},
		"open policy":                          {`alter policy tenant on stores using (true)`, "stores: the policy of stoa_app is not its tenant's"},
		"open check":                           {`alter policy tenant on stores with check (true)`, "stores: the policy of stoa_app is not its tenant's"},
		"policy for all":                       {`create policy everybody on documents to public using ` + own, "documents: a policy for everybody"},
		"operator":                             {`grant select on statements to stoa_operator`, "statements: stoa_operator has grants"},
		"granted to all":                       {`grant select on statements to public`, "statements: granted to everybody"},
		"truncate":                             {`grant truncate on statements to stoa_app`, "statements: stoa_app may TRUNCATE"},
		"unlisted table":                       {`create table plans (id int primary key)`, "plans: has no tenant_id and no reason"},
		"granted exception":                    {`grant select on goose_db_version to stoa_app`, "goose_db_version: stoa_app has grants"},
		"view":                                 {`create view v as select * from statements`, "v: a view that its owner's rights run"},
		"materialized view":                    {`create materialized view v as select * from statements`, "v: a materialized view"},
		"function":                             {`create function f() returns bigint language sql security definer as 'select count(*) from statements'`, "f: a function that its owner's rights run"},
		"unique":                               {`create unique index everywhere on statements (id)`, "statements: the unique index everywhere has no tenant_id"},
		"no primary key":                       {`create table x (tenant_id bigint)`, "x: no primary key"},
		"one more exception of a unique index": {`create unique index sooner on tenant_domains (domain) where verified_at is null and domain = ''`, "tenant_domains: the unique index sooner has no tenant_id"},

		"sealer":                     {`grant select on statements to stoa_audit`, "statements: stoa_audit has grants and is bound to no tenant"},
		"sealer with a policy":       {`grant select on members to stoa_audit; create policy sealer on members to stoa_audit using (true)`, "members: stoa_audit has grants and is bound to no tenant"},
		"sealer changes":             {`grant update on audit_seals to stoa_audit`, "audit_seals: append-only, and stoa_audit may UPDATE"},
		"application changes":        {`grant update on audit_events to stoa_app`, "audit_events: append-only, and stoa_app may UPDATE"},
		"application changes column": {`grant update (details) on audit_events to stoa_app`, "audit_events: append-only, and stoa_app may UPDATE"},
		"application deletes":        {`grant delete on audit_events to stoa_app`, "audit_events: append-only, and stoa_app may DELETE"},
		"everybody changes":          {`grant update on audit_events to public`, "audit_events: append-only, and public may UPDATE"},
		"operator reads the log": {
			`grant select on audit_events to stoa_operator; create policy reader on audit_events for select to stoa_operator using (true)`,
			"audit_events: the policy of stoa_operator is in no list: r true",
		},
		"foreign key": {
			`create unique index on stores (id, tenant_id); alter table keys add constraint elsewhere foreign key (store_id, id) references keys (tenant_id, id)`,
			"keys: the foreign key elsewhere does not carry tenant_id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn := w.as(w.urls.Owner)
			tx, err := conn.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), c.sql)
			require.NoError(t, err)
			require.Contains(t, strings.Join(offences(t, conn), "\n"), c.want)
			require.NoError(t, tx.Rollback(t.Context()))
		})
	}
}

func TestTheRolesAreHarmless(t *testing.T) {
	t.Parallel()
	w := setup(t)
	conn := w.as(w.urls.Owner)
	for _, role := range roles {
		var super, bypass, createRole, createDB, replication bool
		var memberships, owned int
		require.NoError(t, conn.QueryRow(t.Context(), `
			select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
			       (select count(*) from pg_auth_members m where m.member = r.oid),
			       (select count(*) from pg_class c where c.relowner = r.oid)
			from pg_roles r where rolname = $1`, role).Scan(&super, &bypass, &createRole, &createDB, &replication, &memberships, &owned))
		require.Equal(t, [5]bool{}, [5]bool{super, bypass, createRole, createDB, replication}, role)
		require.Zero(t, memberships, "%s may become another role", role)
		require.Zero(t, owned, "%s owns relations", role)
		var create bool
		require.NoError(t, conn.QueryRow(t.Context(), `select has_schema_privilege($1, 'public', 'create')`, role).Scan(&create))
		require.False(t, create, "%s may create tables", role)
	}
}

// offences lists everything in the schema that could let a row out of its tenant.
func offences(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	for _, r := range query[relation](t, conn, `
		select c.relname, c.relkind::text, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not attisdropped),
		       c.relrowsecurity and c.relforcerowsecurity,
		       coalesce('security_invoker=true' = any (c.reloptions), false),
		       exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
		from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1`) {
		switch {
		case r.Kind == "m":
			add("%s: a materialized view ignores row-level security", r.Name)
		case r.Kind == "f":
			add("%s: a foreign table has no row-level security", r.Name)
		case r.Kind == "v":
			if !r.Invoker {
				add("%s: a view that its owner's rights run", r.Name)
			}
		case r.HasTenant:
			if !r.Forced {
				add("%s: row-level security is not forced", r.Name)
			}
			if !r.HasKey {
				add("%s: no primary key", r.Name)
			}
			offencesOfGrants(t, conn, r.Name, add)
		case exceptions[r.Name] == "":
			add("%s: has no tenant_id and no reason in this test", r.Name)
		}
	}
	for _, g := range grants(t, conn, "goose_db_version") {
		if g != (grant{postgres.OperatorRole, "SELECT"}) {
			add("goose_db_version: %s has grants", g.Role)
		}
	}
	for _, g := range grants(t, conn, "migration_sums") {
		add("migration_sums: %s has grants", g.Role)
	}
	for _, name := range query[name](t, conn, `select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`) {
		add("%s: a function that its owner's rights run", name.Name)
	}
	for _, i := range query[index](t, conn, `
		select t.relname, c.relname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
		join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id'
		where t.relnamespace = 'public'::regnamespace and i.indisunique and not a.attnum = any (i.indkey)`) {
		if acrossTenants[i.Name] == "" {
			add("%s: the unique index %s has no tenant_id", i.Table, i.Name)
		}
	}
	// A foreign key is checked past row-level security: it must lead to the row's own tenant.
	for _, i := range query[index](t, conn, `
		select t.relname, k.conname from pg_constraint k join pg_class t on t.oid = k.conrelid
		join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id'
		where t.relnamespace = 'public'::regnamespace and k.contype = 'f' and not exists (
			select from unnest(k.conkey, k.confkey) as pair (here, there)
			join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.there
			where pair.here = a.attnum and b.attname = case k.confrelid when 'tenants'::regclass then 'id' else 'tenant_id' end)`) {
		add("%s: the foreign key %s does not carry tenant_id", i.Table, i.Name)
	}
	return found
}

func offencesOfGrants(t *testing.T, conn *pgx.Conn, table string, add func(string, ...any)) {
	t.Helper()
	policies := query[policy](t, conn, `
		select case when r.oid is null then 'public' else r.rolname end, p.polcmd::text,
		       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
		from pg_policy p cross join unnest(p.polroles) as role (oid) left join pg_roles r on r.oid = role.oid
		where p.polrelid = $1::regclass`, table)
	for _, p := range policies {
		if p.Role == "public" {
			add("%s: a policy for everybody", table)
		}
	}
	granted := map[string]bool{}
	for _, g := range grants(t, conn, table) {
		if slices.Contains(appendOnly, table) && (g.Privilege == "UPDATE" || g.Privilege == "DELETE") && expires[g] != table {
			add("%s: append-only, and %s may %s", table, g.Role, g.Privilege)
		}
		switch {
		case g.Role == "public":
			add("%s: granted to everybody", table)
		case !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, g.Privilege):
			add("%s: %s may %s", table, g.Role, g.Privilege)
		}
		granted[g.Role] = true
	}
	for _, role := range roles {
		if !granted[role] {
			continue
		}
		var listed, others []policy
		for _, p := range policies {
			switch {
			case p.Role != role:
			case unbound[fmt.Sprint(table, " ", role, " ", p.Command, " ", p.Using+p.Check)] != "":
				listed = append(listed, p)
			default:
				others = append(others, p)
			}
		}
		if len(listed) > 0 {
			for _, p := range others {
				add("%s: the policy of %s is in no list: %s %s", table, role, p.Command, p.Using+p.Check)
			}
			continue
		}
		if boundTo[role] == "" {
			add("%s: %s has grants and is bound to no tenant", table, role)
			continue
		}
		n := 0
		for _, p := range policies {
			if p.Role != role {
				continue
			}
			n++
			if p.Command != "*" || normal(p.Using) != boundTo[role] || p.Check != "" && normal(p.Check) != boundTo[role] {
				add("%s: the policy of %s is not its tenant's: %s %s %s", table, role, p.Command, p.Using, p.Check)
			}
		}
		if n != 1 {
			add("%s: %s has grants and %d policies", table, role, n)
		}
	}
}

var spaces = regexp.MustCompile(`\s+`)

func normal(expr string) string { return spaces.ReplaceAllString(expr, " ") }

type relation struct {
	Name, Kind                         string
	HasTenant, Forced, Invoker, HasKey bool
}

type (
	name   struct{ Name string }
	index  struct{ Table, Name string }
	policy struct{ Role, Command, Using, Check string }
	grant  struct{ Role, Privilege string }
)

// grants lists what others than the owner may do with a table or a column of it.
func grants(t *testing.T, conn *pgx.Conn, table string) []grant {
	t.Helper()
	return query[grant](t, conn, `
		select coalesce(r.rolname, 'public'), g.privilege_type
		from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attacl is not null
		cross join lateral (select * from aclexplode(c.relacl) union all select * from aclexplode(a.attacl)) g
		left join pg_roles r on r.oid = g.grantee
		where c.oid = $1::regclass and g.grantee <> c.relowner`, table)
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	require.NoError(t, err)
	return all
}
