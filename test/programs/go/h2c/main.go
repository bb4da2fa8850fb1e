// Serves HTTP/2 without TLS on Go's net/http, by prior knowledge, next to HTTP/1. Prints `listening PORT`, then one JSON
// row a line once a request is answered. `h2c client URL COUNT PARALLEL` requests instead.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

type row struct {
	Method            string `json:"method"`
	Path              string `json:"path"`
	Status            int    `json:"status"`
	ResponseBodyBytes int    `json:"responseBodyBytes"`
	RequestBodyBytes  int64  `json:"requestBodyBytes"`
}

var lines sync.Mutex

func tell(value row) {
	lines.Lock()
	defer lines.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		os.Exit(1)
	}
}

// /bytes/N answers with N bytes, /status/N with that status, anything else with how much it has received.
func serve(response http.ResponseWriter, request *http.Request) {
	received, _ := io.Copy(io.Discard, request.Body)
	parts := strings.Split(request.URL.Path, "/")
	status, body := 200, []byte(fmt.Sprint(received))
	if len(parts) == 3 && parts[1] == "bytes" {
		count, _ := strconv.Atoi(parts[2])
		body = make([]byte, count)
	}
	if len(parts) == 3 && parts[1] == "status" {
		status, _ = strconv.Atoi(parts[2])
		body = nil
	}
	response.Header().Set("Trailer", "Checksum")
	response.WriteHeader(status)
	written, _ := response.Write(body)
	response.Header().Set("Checksum", "abc")
	tell(row{request.Method, request.URL.Path, status, written, received})
}

func protocols() *http.Protocols {
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	return both
}

func listen() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: http.HandlerFunc(serve), Protocols: protocols()}
	return server.Serve(listener)
}

// Waits for a line on standard input before each round of requests, and answers it with `done`.
func request(url string, count int, parallel int) error {
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: only}}
	fmt.Println("ready")
	for {
		var line string
		if _, err := fmt.Scanln(&line); err != nil {
			return nil
		}
		var group sync.WaitGroup
		for worker := 0; worker < parallel; worker++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for i := 0; i < count; i++ {
					response, err := client.Post(fmt.Sprint(url, line, i), "text/plain", strings.NewReader("hello"))
					if err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			}()
		}
		group.Wait()
		fmt.Println("done")
	}
}

func main() {
	var err error
	if len(os.Args) == 5 && os.Args[1] == "client" {
		count, _ := strconv.Atoi(os.Args[3])
		parallel, _ := strconv.Atoi(os.Args[4])
		err = request(os.Args[2], count, parallel)
	} else {
		err = listen()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
