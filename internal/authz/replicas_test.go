package authz_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/dev/redisserver"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// within is how soon a change must take effect on every replica.
const within = time.Second

// replica opens Policies with a connection of their own and the real clock.
func (w *world) replica(o *redis.Options) *authz.Policies {
	client := redis.NewClient(o)
	w.t.Cleanup(func() { _ = client.Close() })
	return w.open(authz.Config{Redis: client})
}

// changes gives and takes a role on one replica while the other is asked all
// the time, and requires that the other follows soon enough.
func (w *world) changes(t *testing.T, tenant, member int64, here, there *authz.Policies) {
	t.Helper()
	request := authz.Request{Tenant: tenant, Subject: authz.Subject(member), Action: authz.StatementsView}
	follows := func(want bool) {
		t.Helper()
		begun := time.Now()
		require.Equal(t, want, w.decide(here, request), "at once where it was announced")
		for w.decide(there, request) != want {
			require.Less(t, time.Since(begun), within, "wanted %v", want)
		}
	}
	require.False(t, w.decide(there, request))
	g := w.give(tenant, authz.NewGrant{Member: member, Role: authz.Analyst})
	here.Announce(t.Context(), tenant)
	follows(true)
	w.in(tenant, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, member, g.ID) })
	here.Announce(t.Context(), tenant)
	follows(false)
}

func TestAChangeReachesTheOtherReplica(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant := w.tenant("mine")
	member := w.member(tenant, "member")

	t.Run("without Redis", func(t *testing.T) {
		w.changes(t, tenant, member, w.open(authz.Config{}), w.open(authz.Config{}))
	})
	t.Run("with the embedded Redis", func(t *testing.T) {
		url, stop, err := redisserver.Start()
		require.NoError(t, err)
		defer stop()
		o, err := redis.ParseURL(url)
		require.NoError(t, err)
		w.changes(t, tenant, member, w.replica(o), w.replica(o))
	})
	t.Run("while Redis dies and comes back", func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		require.NoError(t, server.Start())
		defer server.Close()
		o := &redis.Options{Addr: server.Addr()}
		here, there := w.replica(o), w.replica(o)
		w.changes(t, tenant, member, here, there)
		server.Close()
		w.changes(t, tenant, member, here, there)
		require.Eventually(t, func() bool { return server.Restart() == nil }, 10*time.Second, 5*time.Millisecond, "its port may be taken for a moment")
		w.changes(t, tenant, member, here, there)
		require.Eventually(t, func() bool { return server.PubSubNumSub("stoa:policy")["stoa:policy"] == 2 }, 10*time.Second, 10*time.Millisecond,
			"they listen again by themselves")
		w.changes(t, tenant, member, here, there)
	})
}

// With a clock that stands still only the announcement can tell the other.
func TestAnAnnouncementIsHeard(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant := w.tenant("mine")
	member := w.member(tenant, "member")
	server := miniredis.NewMiniRedis()
	require.NoError(t, server.Start())
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() { _ = client.Close() }()
	here, there := w.policies(client), w.policies(client)
	require.Eventually(t, func() bool { return server.PubSubNumSub("stoa:policy")["stoa:policy"] == 2 }, 10*time.Second, time.Millisecond)
	require.False(t, w.may(there, tenant, member, 0, authz.StatementsView))
	w.give(tenant, authz.NewGrant{Member: member, Role: authz.Analyst})
	require.False(t, w.may(there, tenant, member, 0, authz.StatementsView), "nobody has told")
	server.Publish("stoa:policy", "no tenant")
	here.Announce(t.Context(), tenant)
	require.Eventually(t, func() bool { return w.may(there, tenant, member, 0, authz.StatementsView) }, within, time.Millisecond)
}

// A Redis that is stopped keeps its connections open and answers nothing.
func TestAChangeReachesTheOtherReplicaPastASilentRedis(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant := w.tenant("mine")
	member := w.member(tenant, "member")
	t.Run("silent from the start", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0") // connections wait to be accepted
		require.NoError(t, err)
		defer silent.Close()
		o := &redis.Options{Addr: silent.Addr().String()}
		w.changes(t, tenant, member, w.replica(o), w.replica(o))
	})
	// The real one, where it is on the PATH (as it is in CI).
	if program, err := exec.LookPath("redis-server"); err == nil {
		t.Run("stopped meanwhile", func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "redis.sock")
			server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
			require.NoError(t, server.Start())
			defer func() {
				_ = server.Process.Signal(syscall.SIGCONT)
				_ = server.Process.Kill()
				_ = server.Wait()
			}()
			o := &redis.Options{Network: "unix", Addr: socket}
			probe := redis.NewClient(o)
			defer func() { _ = probe.Close() }()
			require.Eventually(t, func() bool { return probe.Ping(t.Context()).Err() == nil }, 10*time.Second, 5*time.Millisecond)
			here, there := w.replica(o), w.replica(o)
			w.changes(t, tenant, member, here, there)
			require.NoError(t, server.Process.Signal(syscall.SIGSTOP))
			w.changes(t, tenant, member, here, there)
			require.NoError(t, server.Process.Signal(syscall.SIGCONT))
			w.changes(t, tenant, member, here, there)
		})
	}
}

// Whoever suspends a tenant writes its row only, and tells nobody.
func TestASuspendedTenantIsClosedOnEveryReplica(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant, other := w.tenant("mine"), w.tenant("other")
	member, elsewhere, operator := w.member(tenant, "member"), w.member(other, "member"), w.member(w.platform, "operator")
	w.give(tenant, authz.NewGrant{Member: member, Role: authz.TenantAdmin})
	w.give(other, authz.NewGrant{Member: elsewhere, Role: authz.TenantAdmin})
	w.give(w.platform, authz.NewGrant{Member: operator, Role: authz.Operator})
	w.allow(tenant, "full")
	require.NoError(t, w.enter(tenant, operator, authz.Full))
	replicas := []*authz.Policies{w.open(authz.Config{}), w.open(authz.Config{})}
	inside := authz.OperatorSubject(operator)
	set := func(status string) {
		require.NoError(t, w.op.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `update tenants set status = $2 where id = $1`, tenant, status)
			return err
		}))
		begun := time.Now()
		for _, p := range replicas {
			for suspended := status != "suspended"; suspended != (status == "suspended"); {
				require.Less(t, time.Since(begun), within)
				var err error
				suspended, err = p.Suspended(t.Context(), tenant)
				require.NoError(t, err)
			}
		}
	}
	for _, p := range replicas {
		require.True(t, w.may(p, tenant, member, 0, authz.MembersManage))
		require.True(t, w.decide(p, authz.Request{Tenant: tenant, Subject: inside, Action: authz.MembersManage}))
		require.True(t, w.may(p, other, elsewhere, 0, authz.MembersManage))
	}
	set("suspended")
	for _, p := range replicas {
		for _, a := range []authz.Action{authz.MembersManage, authz.StatementsView} {
			_, err := p.Decide(t.Context(), authz.Request{Tenant: tenant, Subject: authz.Subject(member), Action: a})
			require.Equal(t, fault.Forbidden, fault.KindOf(err))
			require.ErrorContains(t, err, "the organisation is suspended")
		}
		permitted, err := p.Permitted(t.Context(), tenant, authz.Subject(member), nil)
		require.NoError(t, err)
		require.Equal(t, map[int64][]authz.Action{0: {}}, permitted)
		require.True(t, w.decide(p, authz.Request{Tenant: tenant, Subject: inside, Action: authz.StatementsView}), "who entered may look")
		require.False(t, w.decide(p, authz.Request{Tenant: tenant, Subject: inside, Action: authz.MembersManage}), "and only look")
		require.True(t, w.may(p, other, elsewhere, 0, authz.MembersManage), "nobody else is concerned")
	}
	set("active")
	for _, p := range replicas {
		require.True(t, w.may(p, tenant, member, 0, authz.MembersManage))
		require.True(t, w.decide(p, authz.Request{Tenant: tenant, Subject: inside, Action: authz.MembersManage}))
	}
}
