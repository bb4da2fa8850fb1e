// A gRPC service and its client on grpc-go, without a schema: messages are bytes.
//
//	grpc [CERTIFICATE KEY]            serves; prints `listening PORT`, then one JSON row a line once a call is over
//	grpc client ADDRESS [AUTHORITY]   calls on one connection as standard input says: see client.go
//
// With files of certificates over TLS.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
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

func serverCredentials(files []string) (credentials.TransportCredentials, error) {
	if len(files) == 0 {
		return insecure.NewCredentials(), nil
	}
	return credentials.NewServerTLSFromFile(files[0], files[1])
}

func listen(files []string) error {
	transport, err := serverCredentials(files)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(grpc.Creds(transport), grpc.ForceServerCodec(rawCodec{}), grpc.StatsHandler(accounts{}))
	server.RegisterService(&service, nil)
	return server.Serve(listener)
}

func main() {
	var err error
	if len(os.Args) > 2 && os.Args[1] == "client" {
		err = request(os.Args[2], os.Args[3:])
	} else {
		err = listen(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
