package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const patience = 2 * time.Second

// progress says on a line of its own what takes long, once it has taken longer than two seconds and again every ten. The
// function that it returns ends it.
func progress(to io.Writer, doing string) (done func()) {
	stop := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		started := time.Now()
		timer := time.NewTimer(patience)
		defer timer.Stop()
		for {
			select {
			case <-stop:
				return
			case <-timer.C:
				fmt.Fprintf(to, "%s ... %s\n", doing, time.Since(started).Round(time.Second))
				timer.Reset(5 * patience)
			}
		}
	})
	return sync.OnceFunc(func() { close(stop); over.Wait() })
}
