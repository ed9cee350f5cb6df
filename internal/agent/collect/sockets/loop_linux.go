package sockets

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Loop waits for many sockets at once. All but Post and Stop belongs to the thread that runs it.
type Loop struct {
	epoll   int
	wake    int // an eventfd
	sockets []*Socket
	free    []int32 // of sockets
	events  []unix.EpollEvent

	mutex   sync.Mutex
	posted  []func()
	spare   []func()
	keeps   bool        // there is another processor for whoever else has work
	waiting atomic.Bool // something was posted and not taken yet
	stopped atomic.Bool
	closed  bool // what is posted now is called by nobody
}

// mostEvents of one round.
const mostEvents = 256

// Open makes a loop; Run must follow.
func Open() (*Loop, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("loop of sockets: %w", os.NewSyscallError("epoll_create1", err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&allBits, Fd: -1})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("loop of sockets: %w", err), unix.Close(poll))
	}
	return &Loop{epoll: poll, keeps: runtime.GOMAXPROCS(0) > 1, wake: wake, events: make([]unix.EpollEvent, mostEvents)}, nil
}

// allBits makes a number of EPOLLET that fits a field without sign.
const allBits = 1<<32 - 1

// Post has f called on the loop's thread, from any goroutine; false where the loop has stopped, and nobody will call it.
func (l *Loop) Post(f func()) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.closed {
		return false
	}
	l.posted = append(l.posted, f)
	if !l.waiting.Swap(true) {
		l.nudge()
	}
	return true
}

// nudge is called with the mutex held, while the eventfd is open.
func (l *Loop) nudge() {
	one := [8]byte{1}
	_, _ = unix.Write(l.wake, one[:]) // its counter never gets full
}

// Stop ends Run after what was posted before.
func (l *Loop) Stop() {
	l.Post(func() { l.stopped.Store(true) })
}

// Run serves until Stop; then it closes what is open.
func (l *Loop) Run(tick Tick) {
	now := time.Now()
	eventful, patience := now, tick(now)
	for !l.stopped.Load() {
		count := l.wait(patience, now.Sub(eventful) < attentive)
		for _, event := range l.events[:count] {
			if event.Fd >= 0 {
				l.dispatch(event)
			}
		}
		if l.waiting.Load() {
			l.callPosted()
		}
		if now = time.Now(); count > 0 {
			eventful = now
		}
		patience = tick(now)
	}
	l.close()
}

const (
	// attentive is for how long after an event the loop keeps its place among Go's processors while it waits, and atMost how
	// long it then waits at once.
	attentive = 20 * time.Millisecond
	atMost    = 5 * time.Millisecond
)

// wait returns how many events there are. It asks without waiting first, which costs nothing but a call. A wait of which Go
// knows gives the processor away, and whoever comes back looks for one, with other threads woken on the way: as long as
// messages follow each other, a wait is one that Go takes for work. Its preemption interrupts that wait as it does work.
func (l *Loop) wait(patience time.Duration, busy bool) int {
	if n := l.poll(0); n != 0 {
		return max(0, n)
	}
	if busy && l.keeps {
		return max(0, l.poll(min(patience, atMost)))
	}
	some, err := unix.EpollWait(l.epoll, l.events, milliseconds(patience))
	if err != nil {
		return 0 // a signal came
	}
	return some
}

// poll is epoll_pwait without Go's knowledge; negative where a signal came.
func (l *Loop) poll(patience time.Duration) int {
	wait := 0
	if patience > 0 {
		wait = milliseconds(patience)
	}
	n, _, failed := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])), mostEvents, uintptr(wait), 0, 0)
	if failed != 0 {
		return -1
	}
	return int(n)
}

func milliseconds(span time.Duration) int { return max(1, int(span.Milliseconds())) }

// dispatch tells a socket. An event of one that was closed in the same round is for nobody.
func (l *Loop) dispatch(event unix.EpollEvent) {
	s := l.sockets[event.Fd]
	if s == nil || s.generation != event.Pad {
		return
	}
	s.note(event.Events)
	s.handler.Ready()
}

func (l *Loop) callPosted() {
	l.mutex.Lock()
	calls := l.posted
	l.posted, l.spare = l.spare[:0], calls
	l.waiting.Store(false)
	var count [8]byte
	_, _ = unix.Read(l.wake, count[:])
	l.mutex.Unlock()
	for i, call := range calls {
		calls[i] = nil
		call()
	}
}

func (l *Loop) close() {
	l.mutex.Lock()
	l.closed = true
	l.mutex.Unlock()
	l.callPosted()
	for _, s := range l.sockets {
		if s != nil {
			_ = s.Close()
		}
	}
	_ = unix.Close(l.epoll)
	_ = unix.Close(l.wake)
}

// Add looks after a socket from now on. What it has to say already, its handler hears in the next round.
func (l *Loop) Add(s *Socket, handler Handler) error {
	place := int32(len(l.sockets))
	if last := len(l.free) - 1; last >= 0 {
		place, l.free = l.free[last], l.free[:last]
	} else {
		l.sockets = append(l.sockets, nil)
	}
	s.generation++
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&allBits, Fd: place, Pad: s.generation}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, s.fd, &event); err != nil {
		l.free = append(l.free, place)
		return fmt.Errorf("loop of sockets: %w", os.NewSyscallError("epoll_ctl", err))
	}
	s.loop, s.place, s.handler = l, place, handler
	l.sockets[place] = s
	return nil
}

func (l *Loop) remove(s *Socket) {
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, s.fd, nil) // what is being closed anyway
	l.sockets[s.place] = nil
	l.free = append(l.free, s.place)
	s.loop = nil
}
