package authz

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// channel carries ids of tenants, in decimal, whose permissions have changed.
const channel = "stoa:policy"

// outboxSize is how many announcements wait for Redis; beyond it they are
// dropped, and the change takes effect by age.
const outboxSize = 1000

// publishTimeout bounds one announcement: older than MaxAge it is of no use.
const publishTimeout = MaxAge

// news announces changes to the other replicas, and hears of theirs.
type news struct {
	client redis.UniversalClient
	logger *slog.Logger
	outbox chan int64
	heard  func(tenant int64)
}

func (n *news) send(tenant int64) {
	select {
	case n.outbox <- tenant:
	default:
	}
}

func (n *news) publish(ctx context.Context) {
	for {
		select {
		case tenant := <-n.outbox:
			in, cancel := context.WithTimeout(ctx, publishTimeout)
			err := n.client.Publish(in, channel, strconv.FormatInt(tenant, 10)).Err()
			cancel()
			if err != nil && ctx.Err() == nil {
				n.logger.Debug("a change of permissions could not be announced; it takes effect by age", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// listen hears until ctx ends. The subscription connects again by itself
// (go-redis, PubSub.Channel); what was missed meanwhile is seen by age.
func (n *news) listen(ctx context.Context) {
	subscription := n.client.Subscribe(ctx, channel)
	defer func() { _ = subscription.Close() }()
	messages := subscription.Channel(redis.WithChannelHealthCheckInterval(time.Second))
	for {
		select {
		case message, open := <-messages:
			if !open {
				return
			}
			if tenant, err := strconv.ParseInt(message.Payload, 10, 64); err == nil {
				n.heard(tenant)
			}
		case <-ctx.Done():
			return
		}
	}
}
