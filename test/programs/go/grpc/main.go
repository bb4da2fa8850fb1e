// A gRPC service and its client on grpc-go, without a schema: messages are bytes.
//
//	grpc                serves; prints `listening PORT`, then one JSON row a line once a call is over
//	grpc client ADDRESS calls on one connection as standard input says: see client.go
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc"
)

// What a call is known by. Bytes are those of messages, the five before each included.
type row struct {
	Method            string `json:"method"`
	Path              string `json:"path"`
	Status            int    `json:"status"`
	GrpcStatus        int    `json:"grpcStatus"`
	ResponseBodyBytes int    `json:"responseBodyBytes"`
	RequestBodyBytes  int    `json:"requestBodyBytes"`
}

var lines sync.Mutex

func tell(value any) {
	lines.Lock()
	defer lines.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		os.Exit(1)
	}
}

// Messages as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "raw" }

func (rawCodec) Marshal(message any) ([]byte, error) {
	bytes, ok := message.(*[]byte)
	if !ok {
		return nil, errors.New("a message is bytes")
	}
	return *bytes, nil
}

func (rawCodec) Unmarshal(data []byte, message any) error {
	bytes, ok := message.(*[]byte)
	if !ok {
		return errors.New("a message is bytes")
	}
	*bytes = append([]byte{}, data...)
	return nil
}

func listen() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.StatsHandler(accounts{}))
	server.RegisterService(&service, nil)
	return server.Serve(listener)
}

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == "client" {
		err = request(os.Args[2])
	} else {
		err = listen()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
