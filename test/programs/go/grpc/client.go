package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// What a line asks for.
type order struct {
	calls    int
	kind     string
	messages int
	bytes    int
}

// Each line is `CALLS KIND MESSAGES BYTES`: so many calls at once, of one kind. The answer is a line `ended` with the
// status of each. Kinds: unary, fail, hang (BYTES is the deadline in ms), collect, repeat, chat, cancel (a chat that does
// not end).
func request(address string) error {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var told order
		if _, err := fmt.Sscan(input.Text(), &told.calls, &told.kind, &told.messages, &told.bytes); err != nil {
			return err
		}
		fmt.Println("ended", atOnce(connection, told))
	}
	return connection.Close()
}

func atOnce(connection *grpc.ClientConn, told order) []int {
	codes := make([]int, told.calls)
	var group sync.WaitGroup
	for i := range codes {
		group.Add(1)
		go func() {
			defer group.Done()
			codes[i] = int(status.Code(call(connection, told)))
		}()
	}
	group.Wait()
	return codes
}

func call(connection *grpc.ClientConn, told order) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	switch told.kind {
	case "unary":
		return unaryCall(ctx, connection, bytes.Repeat([]byte{'u'}, told.bytes))
	case "fail":
		return unaryCall(ctx, connection, []byte("fail"))
	case "hang":
		short, cancel := context.WithTimeout(ctx, time.Duration(told.bytes)*time.Millisecond)
		defer cancel()
		return unaryCall(short, connection, []byte("hang"))
	case "collect":
		return collectCall(ctx, connection, told)
	case "repeat":
		return repeatCall(ctx, connection, told)
	case "chat":
		return chatCall(ctx, connection, told, nil)
	case "cancel":
		return chatCall(ctx, connection, told, cancel)
	}
	return fmt.Errorf("no kind of call: %s", told.kind)
}

func unaryCall(ctx context.Context, connection *grpc.ClientConn, message []byte) error {
	var answer []byte
	return connection.Invoke(ctx, "/test.Echo/Unary", &message, &answer)
}

func collectCall(ctx context.Context, connection *grpc.ClientConn, told order) error {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, "/test.Echo/Collect")
	if err != nil {
		return err
	}
	message := make([]byte, told.bytes)
	for i := 0; i < told.messages; i++ {
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var answer []byte
	return stream.RecvMsg(&answer)
}

func repeatCall(ctx context.Context, connection *grpc.ClientConn, told order) error {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/test.Echo/Repeat")
	if err != nil {
		return err
	}
	message := []byte(fmt.Sprintf("%dx%d", told.messages, told.bytes))
	if err := stream.SendMsg(&message); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return untilEnd(stream)
}

// Each message waits for the answer to the one before.
func chatCall(ctx context.Context, connection *grpc.ClientConn, told order, cancel context.CancelFunc) error {
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := connection.NewStream(ctx, both, "/test.Echo/Chat")
	if err != nil {
		return err
	}
	message := make([]byte, told.bytes)
	for i := 0; i < told.messages; i++ {
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
		var answer []byte
		if err := stream.RecvMsg(&answer); err != nil {
			return err
		}
	}
	if cancel != nil {
		cancel()
	} else if err := stream.CloseSend(); err != nil {
		return err
	}
	return untilEnd(stream)
}

func untilEnd(stream grpc.ClientStream) error {
	for {
		var answer []byte
		err := stream.RecvMsg(&answer)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
