//go:build linux

package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
)

// network is what a node and its host share: a cable with an address at each end, and what lies behind the node.
type network struct {
	cable          string       // name of the host's end
	host, node     netip.Addr   // the ends
	pods, services netip.Prefix // both reached through the node
}

// errTaken says that every network that a node may have is in use.
var errTaken = errors.New("no network is free for a node: 10.213.0.0 to 10.213.255.255 is in use")

// freeNetwork is the first of 64 that no interface of this machine has an address in.
func freeNetwork() (network, error) {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return network{}, err
	}
	for i := range byte(64) {
		whole := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 213, 4 * i, 0}), 22)
		if taken(whole, interfaces) {
			continue
		}
		third := func(j byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 213, 4*i + j, 0}), 24) }
		host := third(0).Addr().Next()
		return network{cable: fmt.Sprintf("mlops%d", i), host: host, node: host.Next(), pods: third(1), services: third(2)}, nil
	}
	return network{}, errTaken
}

func taken(prefix netip.Prefix, interfaces []net.Addr) bool {
	for _, address := range interfaces {
		if own, err := netip.ParsePrefix(address.String()); err == nil && prefix.Contains(own.Addr()) {
			return true
		}
	}
	return false
}

// connect lays the cable to the namespace of a process, and the ways to what lies behind it. All of it goes with the namespace.
func (n network) connect(pid int) error {
	gateway := n.node.String()
	return errors.Join(
		ip("link", "add", n.cable, "type", "veth", "peer", "name", nodeCable, "netns", strconv.Itoa(pid)),
		ip("addr", "add", n.host.String()+"/24", "dev", n.cable),
		ip("link", "set", n.cable, "up"),
		ip("route", "add", n.pods.String(), "via", gateway),
		ip("route", "add", n.services.String(), "via", gateway),
	)
}

func ip(arguments ...string) error {
	output, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return nil
}
