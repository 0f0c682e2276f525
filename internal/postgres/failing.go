package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// failingDB exists because a *sql.Row that carries an error cannot be built by
// hand: its connector refuses every connection with errGate.
var failingDB = sql.OpenDB(failingConnector{})

type failingConnector struct{}

func (failingConnector) Connect(context.Context) (driver.Conn, error) { return nil, errGate }
func (failingConnector) Driver() driver.Driver                        { return failingDriver{} }

type failingDriver struct{}

func (failingDriver) Open(string) (driver.Conn, error) { return nil, errGate }
