package httpapi

import (
	"net/http"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func settingsModel(s *tenant.Settings) apiv1.Settings {
	return apiv1.Settings{
		TimeZone: s.TimeZone, Locale: s.Locale, BreakGlass: apiv1.SettingsBreakGlass(s.BreakGlass),
		ViewingCap: given(s.ViewingCap, 0), AuditDays: given(s.AuditDays, 0),
	}
}

func (a *API) getSettings(x *exchange) error {
	var s *tenant.Settings
	if err := x.look(func(tx *postgres.Tx) (err error) {
		s, err = tenant.GetSettings(tx)
		return err
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, s.Version, settingsModel(s))
}

func (a *API) changeSettings(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.SettingsChange](x)
	if err != nil {
		return err
	}
	var s *tenant.Settings
	if err := x.changePolicies(func(tx *postgres.Tx) error { // what operators may do inside is permission
		now, err := tenant.GetSettings(tx)
		if err != nil {
			return err
		}
		next := *now
		next.TimeZone, next.Locale = given(c.TimeZone, now.TimeZone), given(c.Locale, now.Locale)
		if c.BreakGlass != nil {
			next.BreakGlass = tenant.BreakGlass(*c.BreakGlass)
		}
		if c.ViewingCap != nil {
			next.ViewingCap = optional(*c.ViewingCap)
		}
		if c.AuditDays != nil {
			next.AuditDays = optional(*c.AuditDays)
		}
		if err := x.mayRaise(tx, now.ViewingCap, next.ViewingCap); err != nil {
			return err
		}
		if version == 0 {
			version = now.Version // what was left out is as it was read
		}
		s, err = tenant.UpdateSettings(tx, next, version)
		return err
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, s.Version, settingsModel(s))
}

// mayRaise refuses to let people look at more in an hour where the caller may not
// export: to page a store out would come to the same.
func (x *exchange) mayRaise(tx *postgres.Tx, before, after *int) error {
	otherwise := x.api.console.ViewingCap
	if given(after, otherwise) <= given(before, otherwise) {
		return nil
	}
	return authz.RequireHeld(tx, x.caller.giver(), 0, []authz.Action{authz.StatementsExport}, x.now(), nil)
}
