package scim

// What the service can do, for directories that ask before they begin (RFC 7644 4).

type supported struct {
	Supported bool `json:"supported"`
}

type filtering struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

type bulk struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"`
}

type authentication struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Primary     bool   `json:"primary"`
}

type location struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

// Config is the answer of ServiceProviderConfig (RFC 7643 5).
type Config struct {
	Schemas        []string         `json:"schemas"`
	Patch          supported        `json:"patch"`
	Bulk           bulk             `json:"bulk"`
	Filter         filtering        `json:"filter"`
	ChangePassword supported        `json:"changePassword"`
	Sort           supported        `json:"sort"`
	ETag           supported        `json:"etag"`
	Authentication []authentication `json:"authenticationSchemes"`
	Meta           location         `json:"meta"`
}

// ServiceProviderConfig says what is supported. base is the URL up to and
// with the tenant, without a slash at its end.
func ServiceProviderConfig(base string) Config {
	return Config{
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		Patch:   supported{true},
		Filter:  filtering{true, maxCount},
		ETag:    supported{true},
		Authentication: []authentication{{
			"oauthbearertoken", "Bearer token", "A SCIM token that an admin of the tenant issued.", true,
		}},
		Meta: location{"ServiceProviderConfig", base + "/ServiceProviderConfig"},
	}
}

// ResourceType is one kind of resource (RFC 7643 6).
type ResourceType struct {
	Schemas  []string `json:"schemas"`
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Endpoint string   `json:"endpoint"`
	Schema   string   `json:"schema"`
	Meta     location `json:"meta"`
}

// ResourceTypes lists the kinds of resource: User and Group.
func ResourceTypes(base string) []ResourceType {
	one := func(name, endpoint, schema string) ResourceType {
		return ResourceType{
			[]string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
			name, name, endpoint, schema,
			location{"ResourceType", base + "/ResourceTypes/" + name},
		}
	}
	return []ResourceType{one("User", "/Users", UserSchema), one("Group", "/Groups", GroupSchema)}
}

// Attribute describes an attribute of a schema (RFC 7643 7).
type Attribute struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	MultiValued bool        `json:"multiValued"`
	Description string      `json:"description"`
	Required    bool        `json:"required"`
	CaseExact   bool        `json:"caseExact"`
	Mutability  string      `json:"mutability"`
	Returned    string      `json:"returned"`
	Uniqueness  string      `json:"uniqueness"`
	Sub         []Attribute `json:"subAttributes,omitempty"`
}

// Schema describes a resource (RFC 7643 7).
type Schema struct {
	Schemas    []string    `json:"schemas"`
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Attributes []Attribute `json:"attributes"`
	Meta       location    `json:"meta"`
}

// Schemas describes what is kept of users and groups.
func Schemas(base string) []Schema {
	one := func(id, name string, attributes ...Attribute) Schema {
		return Schema{
			[]string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
			id, name, attributes,
			location{"Schema", base + "/Schemas/" + id},
		}
	}
	return []Schema{
		one(UserSchema, "User",
			required(text("userName", "Unique among the directory's people, whatever the case.")),
			text("displayName", "What the person is called."),
			complexOf("name", false, "The person's name in parts.",
				text("formatted", "In full."), text("givenName", "Given name."), text("familyName", "Family name.")),
			boolean("active", "Whether the person may sign in; their sessions end when not."),
			complexOf("emails", true, "The primary one, else that for work, else the first counts.",
				text("value", "The address."), text("type", "work, home or other."), boolean("primary", "Whether it counts.")),
			readOnly(complexOf("groups", true, "The groups of the person.", text("value", "Id."), text("display", "Name."))),
		),
		one(GroupSchema, "Group",
			required(text("displayName", "Unique; gives roles by the tenant's mapping.")),
			complexOf("members", true, "The people of the group.", text("value", "Id of a user."), text("display", "Name.")),
		),
	}
}

func text(name, description string) Attribute {
	return Attribute{
		Name: name, Type: "string", Description: description, Mutability: "readWrite", Returned: "default", Uniqueness: "none",
	}
}

func boolean(name, description string) Attribute {
	a := text(name, description)
	a.Type = "boolean"
	return a
}

func complexOf(name string, multi bool, description string, sub ...Attribute) Attribute {
	a := text(name, description)
	a.Type, a.MultiValued, a.Sub = "complex", multi, sub
	return a
}

func required(a Attribute) Attribute {
	a.Required, a.Uniqueness = true, "server"
	return a
}

func readOnly(a Attribute) Attribute {
	a.Mutability = "readOnly"
	return a
}
