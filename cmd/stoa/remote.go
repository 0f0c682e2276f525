package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// remote is the office behind the API of a server, which decides what the
// owner of the token may do, and writes their name into the audit log.
type remote struct {
	server string
	api    *apiv1.Client // an answer takes seconds at most
	slow   *apiv1.Client // what goes through a whole store or log
}

// How long one attempt may take.
const (
	briefly = 30 * time.Second
	atEase  = 30 * time.Minute // no server takes longer for one request
)

// dial returns the office of a server; nothing is sent yet.
func (sh *shell) dial(server string) (*remote, error) {
	token, err := sh.token(server)
	if err != nil {
		return nil, err
	}
	return newRemote(server, token), nil
}

func newRemote(server string, token secret.Text) *remote {
	sign := func(_ context.Context, r *http.Request) error { //nolint:unparam // the client's own type
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		r.Header.Set("User-Agent", userAgent())
		if r.Method == http.MethodPost { // whatever is made is made once, however often it has to be sent
			r.Header.Set("Idempotency-Key", uuid.NewString())
		}
		return nil
	}
	client := func(limit time.Duration) *apiv1.Client {
		return &apiv1.Client{Server: server + "/", Client: newPatient(limit), RequestEditors: []apiv1.RequestEditorFn{sign}}
	}
	return &remote{server, client(briefly), client(atEase)}
}

func userAgent() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "stoa/" + info.Main.Version
	}
	return "stoa"
}

// ask reads an answer of the API; what it refused is a fault as the database's own.
func ask[T any](res *http.Response, err error) (T, error) {
	value, err := apiv1.Read[T](res, err)
	return value, refused(err)
}

// askVersion is ask for what can be changed: version is its ETag.
func askVersion[T any](res *http.Response, err error) (value T, version *string, _ error) {
	if res != nil {
		version = optional(res.Header.Get("ETag"))
	}
	value, err = ask[T](res, err)
	return value, version, err
}

// refused turns an answer of the API into the fault that it was made from.
func refused(err error) error {
	e, ok := errors.AsType[*apiv1.Error](err)
	if !ok {
		return err
	}
	text := e.Detail
	for _, v := range e.Violations {
		text += fmt.Sprintf("\n  %s: %s", v.Path, v.Rule)
	}
	kind := kindOf(string(e.Code))
	switch kind {
	case fault.Unauthenticated:
		text += "; stoa login keeps another token"
	case fault.PreconditionFailed:
		text = "somebody else has changed it at the same moment: look at it, and try again"
	}
	return fault.Wrap(kind, fmt.Errorf("request %s", e.RequestID), "%s", text)
}

// kindOf undoes the names of the kinds. What HTTP alone has a word for is what
// it comes to here.
func kindOf(code string) fault.Kind {
	switch code {
	case "not_entered":
		return fault.Forbidden
	case "precondition_required":
		return fault.PreconditionFailed
	case "unsupported_media_type", "method_not_allowed":
		return fault.Invalid
	}
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		if kind.String() == code {
			return kind
		}
	}
	return fault.Internal
}

// after and limit are a page as parameters.
func after(p tenant.Page) *string { return optional(p.After) }
func limited(p tenant.Page) *int  { return optional(min(max(p.Limit, 0), 1000)) }

func (r *remote) CreateTenant(ctx context.Context, n apiv1.NewTenant) (apiv1.Tenant, error) {
	return ask[apiv1.Tenant](r.api.CreateTenant(ctx, n))
}

func (r *remote) ListTenants(ctx context.Context, page tenant.Page) (apiv1.TenantPage, error) {
	return ask[apiv1.TenantPage](r.api.ListTenants(ctx, &apiv1.ListTenantsParams{After: after(page), Limit: limited(page)}))
}

func (r *remote) GetTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return ask[apiv1.Tenant](r.api.GetTenant(ctx, slug))
}

func (r *remote) SuspendTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return ask[apiv1.Tenant](r.api.SuspendTenant(ctx, slug))
}

func (r *remote) ResumeTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return ask[apiv1.Tenant](r.api.ResumeTenant(ctx, slug))
}

func (r *remote) LimitTenant(ctx context.Context, slug string, change func(*apiv1.TenantLimits)) (apiv1.Tenant, error) {
	t, version, err := askVersion[apiv1.Tenant](r.api.GetTenant(ctx, slug))
	if err != nil {
		return t, err
	}
	change(&t.Limits)
	return ask[apiv1.Tenant](r.api.ChangeTenant(ctx, slug, &apiv1.ChangeTenantParams{IfMatch: version}, apiv1.TenantChange{Limits: &t.Limits}))
}

func (r *remote) CreateStore(ctx context.Context, of string, n apiv1.NewStore) (apiv1.Store, error) {
	return ask[apiv1.Store](r.api.CreateStore(ctx, of, nil, n))
}

func (r *remote) ListStores(ctx context.Context, of string, page tenant.Page) (apiv1.StorePage, error) {
	return ask[apiv1.StorePage](r.api.ListStores(ctx, of, &apiv1.ListStoresParams{After: after(page), Limit: limited(page)}))
}

func (r *remote) EmptyStore(ctx context.Context, of, store string) (apiv1.EmptiedStore, error) {
	return ask[apiv1.EmptiedStore](r.slow.EmptyStore(ctx, of, store, apiv1.EmptyStore{Confirm: store}))
}

func (r *remote) CreateKey(ctx context.Context, of, store string, n apiv1.NewKey) (apiv1.IssuedKey, error) {
	return withSecret(ask[apiv1.IssuedKey](r.api.CreateKey(ctx, of, &apiv1.CreateKeyParams{Store: store}, n)))
}

// withSecret refuses the answer to a request whose first answer was lost: what
// was made is there, and its secret is not.
func withSecret(k apiv1.IssuedKey, err error) (apiv1.IssuedKey, error) {
	if err == nil && k.Secret == "" {
		err = fault.New(fault.Conflict, "the answer with the secret of %s was lost on its way: stoa key rotate %s makes another one", k.Key.User, k.Key.User)
	}
	return k, err
}

func (r *remote) ListKeys(ctx context.Context, of, store string, page tenant.Page) (apiv1.KeyPage, error) {
	return ask[apiv1.KeyPage](r.api.ListKeys(ctx, of, &apiv1.ListKeysParams{Store: optional(store), After: after(page), Limit: limited(page)}))
}

// ofKey finds the tenant of a key: its user name has the tenant's number, and
// paths want the slug. It is one of those that the owner of the token is in.
func (r *remote) ofKey(ctx context.Context, user string) (of string, k apiv1.Key, err error) {
	if _, _, ok := tenant.ParseUserName(user); !ok {
		return "", k, fault.New(fault.Invalid, "%q is no key's user name, such as 3-h4k2m9q0", user)
	}
	me, err := ask[apiv1.Me](r.api.GetMe(ctx))
	if err != nil {
		return "", k, err
	}
	var slugs []string
	for _, in := range me.SignIns {
		if !in.Platform {
			slugs = append(slugs, in.Tenant)
		}
	}
	for _, in := range me.Entered {
		slugs = append(slugs, in.Tenant)
	}
	err = fault.New(fault.NotFound, "there is no key %q", user)
	for _, of = range slices.Compact(slugs) {
		if k, err = ask[apiv1.Key](r.api.GetKey(ctx, of, user)); !fault.Is(err, fault.NotFound) {
			return of, k, err
		}
	}
	return "", k, err
}

func (r *remote) GetKey(ctx context.Context, user string) (apiv1.Key, error) {
	_, k, err := r.ofKey(ctx, user)
	return k, err
}

func (r *remote) RotateKey(ctx context.Context, user string, grace time.Duration) (apiv1.IssuedKey, error) {
	of, _, err := r.ofKey(ctx, user)
	if err != nil {
		return apiv1.IssuedKey{}, err
	}
	minutes := int((grace + time.Minute - 1) / time.Minute)
	return withSecret(ask[apiv1.IssuedKey](r.api.RotateKey(ctx, of, user, nil, apiv1.RotateKey{GraceMinutes: &minutes})))
}

func (r *remote) RevokeKey(ctx context.Context, user string) (apiv1.Key, error) {
	of, k, err := r.ofKey(ctx, user)
	if err != nil {
		return k, err
	}
	return ask[apiv1.Key](r.api.RevokeKey(ctx, of, user))
}
