package main

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var service = grpc.ServiceDesc{
	ServiceName: "test.Echo",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: unary}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Collect", Handler: collect, ClientStreams: true},
		{StreamName: "Repeat", Handler: repeat, ServerStreams: true},
		{StreamName: "Chat", Handler: chat, ClientStreams: true, ServerStreams: true},
	},
}

// Answers with the request; `fail` ends with NOT_FOUND in trailers only, `hang` when the call is over.
func unary(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var message []byte
	if err := decode(&message); err != nil {
		return nil, err
	}
	switch string(message) {
	case "fail":
		return nil, status.Error(codes.NotFound, "there is none")
	case "hang":
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &message, nil
}

// Answers at the end with how many bytes there were.
func collect(_ any, stream grpc.ServerStream) error {
	total := 0
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			answer := []byte(fmt.Sprint(total))
			return stream.SendMsg(&answer)
		}
		if err != nil {
			return err
		}
		total += len(message)
	}
}

// `COUNTxBYTES`: so many messages of so many bytes.
func repeat(_ any, stream grpc.ServerStream) error {
	var message []byte
	if err := stream.RecvMsg(&message); err != nil {
		return err
	}
	var count, bytes int
	if _, err := fmt.Sscanf(string(message), "%dx%d", &count, &bytes); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	answer := make([]byte, bytes)
	for i := 0; i < count; i++ {
		if err := stream.SendMsg(&answer); err != nil {
			return err
		}
	}
	return nil
}

// Answers each message with itself.
func chat(_ any, stream grpc.ServerStream) error {
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}
