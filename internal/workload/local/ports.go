package local

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports of pods lie below the range that kernels give to outgoing connections, so that none of those takes a port
// between the moment it is found free and the moment its container listens on it.
const (
	firstPodPort = 20000
	podPortCount = 12000
)

// heldPorts are free ports that nobody else gets until they are released.
type heldPorts struct {
	ports     map[string]int
	listeners []net.Listener
}

// holdPorts finds a free port on 127.0.0.1 for each name.
func holdPorts(names []string) (*heldPorts, error) {
	held := &heldPorts{ports: map[string]int{}}
	for _, name := range names {
		listener, err := listenAnywhere()
		if err != nil {
			held.release()
			return nil, fmt.Errorf("no free port for %q: %w", name, err)
		}
		address, _ := listener.Addr().(*net.TCPAddr)
		held.ports[name] = address.Port
		held.listeners = append(held.listeners, listener)
	}
	return held, nil
}

func listenAnywhere() (net.Listener, error) {
	for range 50 {
		port := firstPodPort + rand.IntN(podPortCount)
		if listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err == nil {
			return listener, nil
		}
	}
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

// release gives the ports to the containers; it may be called again.
func (h *heldPorts) release() {
	for _, listener := range h.listeners {
		_ = listener.Close()
	}
	h.listeners = nil
}
