package drift_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// reports are of each kind, with a past: what a browser is shown.
func reports(t *testing.T) map[string][]byte {
	t.Helper()
	pages := map[string][]byte{}
	for name, change := range map[string]func(drift.Window) drift.Window{
		"stable": func(w drift.Window) drift.Window { return w },
		"data_quality": func(w drift.Window) drift.Window {
			return with(w, "income", func(x float64) float64 { return 100 * x })
		},
		"covariate": func(w drift.Window) drift.Window {
			w = withText(w, "city", everyTenth(`<script>alert("a city with a rather long name that goes on and on")</script>`))
			return with(w, "age", func(x float64) float64 { return x + 0.6 })
		},
	} {
		random := rand.New(rand.NewPCG(51, 1))
		window := change(windowOf(t, 90, 2000))
		report := described(drift.Judge(window), 0)
		page := drift.Page{Decisions: []string{"It opened an episode of covariate drift: its owners were told.", "Run drift-" + strings.Repeat("x", 80) + ": awaiting approval, version 7."}}
		for day := range 12 {
			calm := window
			calm.Current = draw(random, 1500)
			page.Past = append(page.Past, described(drift.Judge(calm), 12-day))
		}
		var content bytes.Buffer
		if err := drift.WriteHTML(&content, report, page); err != nil {
			t.Fatal(err)
		}
		if string(report.Verdict) != name {
			t.Errorf("the report is %s, want %s", report.Verdict, name)
		}
		pages[name] = content.Bytes()
	}
	return pages
}

// described says whose a report is, so many days ago.
func described(report mlops.DriftReport, ago int) mlops.DriftReport {
	report.Monitor, report.Model, report.ModelVersion, report.Deployment = "flight-delay", "flight-delay", 3, "flight-delay"
	report.Reference = "dataset flights version 1, training split"
	report.WindowStart = time.Date(2001, 2, 12-ago, 0, 0, 0, 0, time.UTC)
	report.WindowEnd = report.WindowStart.Add(24 * time.Hour)
	report.Watermark, report.Time = report.WindowEnd, report.WindowEnd.Add(time.Minute)
	report.Requests, report.Failed = report.Rows, 3
	return report
}

// chromium is the browser of this machine.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on the PATH: the page is not opened in a browser")
	return ""
}

// probe opens a page in a frame as wide as a phone and says what it finds: the width of what is shown, elements that stick out,
// and what was fetched.
const probe = `<!doctype html><title>probe</title><link rel="icon" href="data:,"><body style="margin:0"><iframe id="f" style="border:0;width:390px;height:3000px" src="/page"></iframe><pre id="out"></pre>
<script>document.getElementById("f").onload = e => {
  const w = e.target.contentWindow, d = w.document, root = d.documentElement
  for (const details of d.querySelectorAll("details")) details.open = true
  const out = [...d.querySelectorAll("body *")].filter(x => !x.closest(".scroll, .unseen, .skip, svg") && x.getBoundingClientRect().right > 390.5).map(x => x.tagName + "." + x.className)
  document.getElementById("out").textContent = "width=" + root.scrollWidth + " sticking=" + out.length + " " + out.slice(0, 3) +
    " fetched=" + w.performance.getEntriesByType("resource").map(x => x.name) + ";"
}</script>`

// In a browser the page fits a phone, asks nobody for anything, and says nothing to the console.
func TestPageInChromium(t *testing.T) {
	browser := chromium(t)
	for name, content := range reports(t) {
		t.Run(name, func(t *testing.T) {
			var mutex sync.Mutex
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mutex.Lock()
				asked = append(asked, r.URL.Path)
				mutex.Unlock()
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				if r.URL.Path == "/page" {
					_, _ = w.Write(content)
					return
				}
				_, _ = w.Write([]byte(probe))
			}))
			defer server.Close()
			dom, console := browse(t, browser, "--dump-dom", server.URL+"/")
			found := regexp.MustCompile(`width=(\d+) sticking=(\d+) (.*) fetched=(.*);`).FindStringSubmatch(dom)
			if found == nil {
				t.Fatalf("the browser said nothing of the page: %s", console)
			}
			if width, _ := strconv.Atoi(found[1]); width > 390 || found[2] != "0" {
				t.Errorf("on a phone the page is %s wide, and %s elements stick out: %s", found[1], found[2], found[3])
			}
			if found[4] != "" || fmt.Sprint(asked) != "[/ /page]" {
				t.Errorf("the page fetched %q; the server was asked for %v", found[4], asked)
			}
			if strings.Contains(console, "CONSOLE") {
				t.Errorf("the console says %s", console)
			}
		})
	}
}

// browse runs the browser without a window and returns what it prints.
func browse(t *testing.T, browser string, arguments ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	arguments = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--enable-logging=stderr", "--virtual-time-budget=20000", "--user-data-dir=" + t.TempDir(),
	}, arguments...)
	command := exec.CommandContext(ctx, browser, arguments...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", browser, err, complaints.String())
	}
	return out.String(), complaints.String()
}

// MLOPS_WRITE_PAGES=<folder> go test -run WritePages writes the pages for people to look at.
func TestWritePages(t *testing.T) {
	folder := os.Getenv("MLOPS_WRITE_PAGES")
	if folder == "" {
		t.Skip("MLOPS_WRITE_PAGES names no folder")
	}
	for name, content := range reports(t) {
		if err := os.WriteFile(filepath.Join(folder, name+".html"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// colour finds the variables of one scheme.
var colour = regexp.MustCompile(`--(\w+): (#[0-9a-f]{3,6})`)

// Text has a contrast of at least 4.5 against what it stands on, and bars of 3, in light, dark and print.
func TestContrast(t *testing.T) {
	style := string(reports(t)["stable"])
	schemes := strings.SplitN(style, ":root {", 4)[1:]
	if len(schemes) != 3 {
		t.Fatalf("%d schemes, want light, dark and print", len(schemes))
	}
	for i, scheme := range []string{"light", "dark", "print"} {
		block, _, _ := strings.Cut(schemes[i], "}")
		colours := map[string]float64{}
		for _, found := range colour.FindAllStringSubmatch(block, -1) {
			colours[found[1]] = luminance(t, found[2])
		}
		for _, ground := range []string{"ground", "card"} {
			for name, least := range map[string]float64{
				"ink": 4.5, "soft": 4.5, "faint": 4.5, "calm": 4.5, "attention": 4.5, "bad": 4.5, "grey": 4.5, "window": 3, "reference": 3,
			} {
				high, low := max(colours[name], colours[ground]), min(colours[name], colours[ground])
				if ratio := (high + 0.05) / (low + 0.05); ratio < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, name, ground, ratio, least)
				}
			}
		}
	}
}

// A page of very many features with a long past stays below a megabyte, and says what it leaves out.
func TestPagesStaySmall(t *testing.T) {
	report := described(drift.Judge(windowOf(t, 91, 1000)), 0)
	feature := report.Features[0]
	report.Features = nil
	for i := range 10000 {
		feature.Name = fmt.Sprint("feature ", i)
		report.Features = append(report.Features, feature)
	}
	page := drift.Page{}
	for ago := range 23 {
		page.Past = append(page.Past, described(report, ago+1))
	}
	var content bytes.Buffer
	if err := drift.WriteHTML(&content, report, page); err != nil {
		t.Fatal(err)
	}
	if content.Len() > 1<<20 {
		t.Errorf("the page has %d bytes, want at most a megabyte", content.Len())
	}
	if !strings.Contains(content.String(), "of 10000") {
		t.Error("the page does not say how many features it leaves out")
	}
}

// luminance is that of sRGB, as WCAG 2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(hex, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	var all float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		channel := float64(value) / 255
		if channel <= 0.04045 {
			channel /= 12.92
		} else {
			channel = math.Pow((channel+0.055)/1.055, 2.4)
		}
		all += weight * channel
	}
	return all
}
