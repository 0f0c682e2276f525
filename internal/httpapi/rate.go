package httpapi

func (a *API) limitRequest(x *exchange) error { return nil }

func (a *API) limitStatements(x *exchange, n int) error { return nil }
