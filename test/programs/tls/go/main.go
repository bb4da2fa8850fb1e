// HTTPS server and client on net/http. With `h2` as the first argument they speak HTTP/2, else HTTP/1.1.
//
//	https serve CERTIFICATE KEY   prints `plain PORT` (HTTP), `listening PORT` (HTTPS), then one JSON row for each
//	                              exchange
//	https get AUTHORITY           for each line `PORT PATH ...` of stdin GETs the paths on one connection, over HTTP/2 all
//	                              but the first at once, prints one JSON row for each answer, then `done`
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
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
	ResponseBodyBytes int64  `json:"responseBodyBytes"`
	RequestBodyBytes  int64  `json:"requestBodyBytes"`
}

var output sync.Mutex

var speaksHTTP2 bool

func show(r row) {
	output.Lock()
	defer output.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	received, _ := io.Copy(io.Discard, r.Body)
	var length int
	if parts := strings.Split(r.URL.Path, "/"); len(parts) > 2 {
		length, _ = strconv.Atoi(parts[2])
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	// A client that has got everything may be gone before Write learns that it was sent.
	if _, err := w.Write(bytes.Repeat([]byte("g"), length)); err != nil {
		log.Print(err)
	}
	show(row{r.Method, r.URL.Path, http.StatusOK, int64(length), received})
}

// An empty map of protocols keeps HTTP/2 away; none lets it in.
func serve(certificate, key string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("plain", plain.Addr().(*net.TCPAddr).Port)
	go func() { log.Fatal(http.Serve(plain, http.HandlerFunc(answer))) }()
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: http.HandlerFunc(answer)}
	if !speaksHTTP2 {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	return server.ServeTLS(listener, certificate, key)
}

func get(client *http.Client, port, path string) error {
	response, err := client.Get("https://localhost:" + port + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	length, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return err
	}
	show(row{"GET", response.Request.URL.Path, response.StatusCode, length, 0})
	return nil
}

// The first answer shows that there is a connection, which the others then share.
func getEach(client *http.Client, port string, paths []string) error {
	errors := make(chan error, len(paths))
	for i, path := range paths {
		if speaksHTTP2 && i > 0 {
			go func(path string) { errors <- get(client, port, path) }(path)
			continue
		}
		errors <- get(client, port, path)
	}
	for range paths {
		if err := <-errors; err != nil {
			return err
		}
	}
	return nil
}

func newClient(authority string) (*http.Client, *http.Transport, error) {
	certificate, err := os.ReadFile(authority)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: speaksHTTP2}
	if !speaksHTTP2 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{Transport: transport}, transport, nil
}

func getAll(authority string) error {
	client, transport, err := newClient(authority)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if err := getEach(client, words[0], words[1:]); err != nil {
			return err
		}
		transport.CloseIdleConnections()
		fmt.Println("done")
	}
	return lines.Err()
}

func main() {
	var err error
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "h2" {
		speaksHTTP2 = true
		args = args[1:]
	}
	if len(args) == 3 && args[0] == "serve" {
		err = serve(args[1], args[2])
	} else if len(args) == 2 && args[0] == "get" {
		err = getAll(args[1])
	} else {
		err = fmt.Errorf("usage: https [h2] serve CERTIFICATE KEY | https [h2] get AUTHORITY")
	}
	if err != nil {
		log.Fatal(err)
	}
}
