package main

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// What grpc-go itself counts of a call, on either side.
type account struct {
	path     string
	received atomic.Int64
	sent     atomic.Int64
}

type accountKey struct{}

type accounts struct{}

func (accounts) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, accountKey{}, &account{path: info.FullMethodName})
}

func (accounts) HandleRPC(ctx context.Context, event stats.RPCStats) {
	call := ctx.Value(accountKey{}).(*account)
	switch event := event.(type) {
	case *stats.InPayload:
		call.received.Add(int64(event.WireLength))
	case *stats.OutPayload:
		call.sent.Add(int64(event.WireLength))
	case *stats.End:
		if !event.IsClient() {
			tell(call.row(event.Error))
		}
	}
}

func (accounts) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (accounts) HandleConn(context.Context, stats.ConnStats) {}

func (call *account) row(err error) row {
	return row{
		Method:            "POST",
		Path:              call.path,
		Status:            200,
		GrpcStatus:        int(status.Code(err)),
		ResponseBodyBytes: int(call.sent.Load()),
		RequestBodyBytes:  int(call.received.Load()),
	}
}
