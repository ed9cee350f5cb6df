package collect

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A collector that leaves answers everything, and ends each connection with the next answer on it. New ones are taken all the same: not everybody knows yet.
func TestLeavingLosesNobody(t *testing.T) {
	for name, headers := range map[string][]string{"plain": nil, "net/http": {over, "trailers"}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, score, nil)
			asking := &http.Client{Transport: &http.Transport{}}
			ask := func(client *http.Client) bool {
				t.Helper()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/score", strings.NewReader(oneRow))
				if err != nil {
					t.Fatal(err)
				}
				for i := 0; i+1 < len(headers); i += 2 {
					request.Header.Set(headers[i], headers[i+1])
				}
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
					t.Fatal(response.Status, err)
				}
				return response.Close
			}
			if ask(asking) {
				t.Fatal("a connection ends before anybody has left")
			}
			if err := Leave(t.Context(), strings.TrimPrefix(s.url, "http://"), time.Minute); err != nil {
				t.Fatal(err)
			}
			if err := Leave(t.Context(), strings.TrimPrefix(s.url, "http://"), time.Minute); err != nil {
				t.Fatalf("told twice: %v", err)
			}
			for range 3 {
				if !ask(asking) {
					t.Error("a connection goes on")
				}
			}
			if got := len(s.records()); got != 4 {
				t.Errorf("%d records, want 4", got)
			}
		})
	}
}

func TestIdleConnectionsEndAfterLeaving(t *testing.T) {
	s := newStage(t, score, nil)
	address := strings.TrimPrefix(s.url, "http://")
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := Leave(t.Context(), address, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	_ = connection.SetReadDeadline(time.Now().Add(patience))
	if n, err := connection.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes, %v; want the end", n, err)
	}
}

func TestLeavingIsForWhoIsBeside(t *testing.T) {
	s := newStage(t, score, nil)
	for path, want := range map[string]int{LeavePath: http.StatusBadRequest, LeavePath + "?idle=-1s": http.StatusBadRequest, LeavePath + "?idle=4s": http.StatusAccepted} {
		if response, _ := s.post(path, ""); response.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, response.Status, want)
		}
	}
	stranger := httptest.NewRequest(http.MethodPost, LeavePath+"?idle=4s", nil)
	stranger.RemoteAddr = "192.0.2.7:1234"
	answered := httptest.NewRecorder()
	if s.collector.ServeHTTP(answered, stranger); answered.Code != http.StatusForbidden {
		t.Errorf("a stranger's word is answered with %d", answered.Code)
	}
}
