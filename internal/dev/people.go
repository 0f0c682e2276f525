package dev

import (
	"strings"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/dev/idp"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// demoPerson is somebody who can sign in, and does not exist.
type demoPerson struct{ role, name string }

// group is what the demo provider says of whoever shall have a role.
func group(role string) string { return "stoa-" + role }

// roleNames are the built-in roles, as the page of people calls them.
var roleNames = map[string]string{
	authz.Operator: "operator", authz.TenantAdmin: "tenant admin", authz.Analyst: "analyst", authz.Exporter: "exporter",
	authz.Integrator: "integrator", authz.PrivacyOfficer: "privacy officer", authz.Auditor: "auditor",
}

// demoDirectory is whose people sign in where.
type demoDirectory struct {
	slug, name, domain string       // of the tenant
	people             []demoPerson // the first runs it
}

var demoDirectories = []demoDirectory{
	{"northwind", "Northwind Industries", "northwind.example", []demoPerson{
		{authz.TenantAdmin, "Ada Lindqvist"},
		{authz.Analyst, "Ben Okafor"},
		{authz.Exporter, "Carla Mendes"},
		{authz.Integrator, "Dev Patel"},
		{authz.PrivacyOfficer, "Elena Fischer"},
		{authz.Auditor, "Farid Haddad"},
	}},
	{"meridian", "Meridian Health", "meridian.example", []demoPerson{
		{authz.TenantAdmin, "Grace Tanaka"},
		{authz.Analyst, "Hugo Moreau"},
		{authz.Exporter, "Ines Kowalski"},
		{authz.Integrator, "Jonas Berg"},
		{authz.PrivacyOfficer, "Keiko Mori"},
		{authz.Auditor, "Liam Byrne"},
	}},
	{tenant.PlatformSlug, "the platform", "stoa.example", []demoPerson{
		{authz.Operator, "Olivia Nkosi"}, {authz.Operator, "Oscar Rivera"}, {authz.Auditor, "Paula Novak"},
	}},
}

// persons are the people as the provider knows them. A subject stays the same
// from start to start.
func (d demoDirectory) persons() []idp.Person {
	var all []idp.Person
	for _, p := range d.people {
		first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
		all = append(all, idp.Person{
			Client: d.slug, Subject: d.slug + "-" + first, Name: p.name, Email: first + "@" + d.domain,
			Groups: []string{group(p.role)}, About: roleNames[p.role],
		})
	}
	return all
}

// roles lists the roles that the people have.
func (d demoDirectory) roles() []string {
	var all []string
	seen := map[string]bool{}
	for _, p := range d.people {
		if !seen[p.role] {
			seen[p.role] = true
			all = append(all, p.role)
		}
	}
	return all
}
