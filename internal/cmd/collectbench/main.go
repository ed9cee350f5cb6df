// Command collectbench measures what the collector costs beside a model: against the model alone, and against nginx doing
// nothing but forwarding. Rounds of all of them take turns, so that what else the machine does hits each alike; what counts
// is their ratio within one run. The model answers at once, so the difference is the proxy.
//
//	go run ./internal/cmd/collectbench -mlops bin/mlops
//
// With -stores it measures instead what a store that is slow, refuses or is absent does to scoring, to memory and to records.
// A store is in its state from the first round to the last; then it is well, the collectors end, and what is in the store is
// counted by the ids that the load gave. For ten minutes of absence: -stores -rounds 60 -span 2s.
//
// With -drain it measures how fast a log that has filled is shipped, beside requests that come as fast as they can, and alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	mlops := flag.String("mlops", "bin/mlops", "the agent's `binary`")
	rounds := flag.Int("rounds", 5, "`number` of rounds, each of everything")
	span := flag.Duration("span", 2*time.Second, "`time` that each measurement takes")
	only := flag.String("only", "", "measure those alone whose names this `expression` finds, beside the model alone and nginx")
	stores := flag.Bool("stores", false, "measure states of the store")
	drain := flag.Bool("drain", false, "measure how fast a log is shipped")
	model := flag.String("model", "", "be the model at an `address`")                              // how this program starts its own model
	collector := flag.String("collector", "", "be a collector in a `folder` whose store can fail") // and its own collectors
	listen := flag.String("listen", "", "its `address`")
	target := flag.String("target", "", "its model's `address`")
	fault := flag.String("fault", "", "what its store does: a `time` that each call takes, refuse or absent")
	flag.Parse()
	var err error
	switch {
	case *model != "":
		err = serveModel(*model)
	case *collector != "":
		err = serveCollector(*collector, *listen, *target, *fault)
	case *drain:
		err = measureDrain(*span)
	case *stores:
		err = measureStores(*rounds, *span)
	default:
		err = measureProxies(*mlops, *only, *rounds, *span)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "collectbench:", err)
		os.Exit(1)
	}
}
