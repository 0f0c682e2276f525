package httpapi

import (
	"net/http"
	"strings"
)

// policy is the Content-Security-Policy of everything that is not xAPI: nothing
// but files of this origin, nothing inline, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secure sets the headers that every answer outside xAPI carries. Nothing there
// is for scripts of other origins: there is no CORS.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
}

// onlyTLS makes clients that came by https come that way again.
func (a *API) onlyTLS(h http.Header, r *http.Request) {
	if r.TLS != nil || a.console != nil && a.console.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// cookieName is that of the session. The prefix makes browsers refuse it from
// plain HTTP, from other hosts and with a path.
const cookieName = "__Host-stoa"

// sessionCookie returns the value of the cookie; "" when there is none.
func sessionCookie(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(c.Value)
}

// setSession gives the browser a session's cookie. It is not kept beyond the
// browser's own life: idle and absolute limits are the server's.
func (x *exchange) setSession(value string) {
	http.SetCookie(x, &http.Cookie{Name: cookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// clearSession takes the cookie away.
func (x *exchange) clearSession() {
	http.SetCookie(x, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
