// http-server COUNT: serves COUNT requests with net/http on the listener that the host has opened as descriptor 3.
// A GET is greeted, what is posted comes back.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	var left sync.WaitGroup
	left.Add(count)
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		defer left.Done()
		if in.Method == http.MethodPost {
			out.Header().Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
			io.Copy(out, in.Body)
			return
		}
		fmt.Fprintf(out, "hello from Go: %s", in.URL.Path)
	})}
	go server.Serve(listener)
	fmt.Println("listening")
	left.Wait()
	fmt.Println("served")
	server.Shutdown(context.Background())
}
