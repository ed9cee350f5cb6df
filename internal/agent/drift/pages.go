package drift

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// PageOf is what the page of a report says beside the report, as of now: what was decided because of it, and how earlier windows
// were judged. Of what is not there any more it says nothing.
func PageOf(ctx context.Context, on *project.Project, state mlops.MonitorState, report mlops.DriftReport) (Page, error) {
	var page Page
	model, err := on.Model(ctx, report.Model)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return page, err
	}
	page.Decisions = Decisions(report, state, model)
	for _, key := range pastReports(state, report) {
		content, err := on.Store.Read(ctx, key)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return page, err
		}
		var past mlops.DriftReport
		if err := json.Unmarshal(content, &past); err != nil {
			return page, fmt.Errorf("%s: %w: %w", key, mlops.ErrInvalid, err)
		}
		page.Past = append(page.Past, past)
	}
	return page, nil
}

// pastReports are the keys of the reports of the windows before a report's, each as it was judged last, the oldest first.
func pastReports(state mlops.MonitorState, report mlops.DriftReport) []string {
	last := map[int64]mlops.JudgedWindow{}
	for _, window := range state.Windows {
		if window.End.Before(report.WindowEnd) {
			last[window.End.Unix()] = window
		}
	}
	windows := make([]mlops.JudgedWindow, 0, len(last))
	for _, window := range last {
		windows = append(windows, window)
	}
	slices.SortFunc(windows, func(a, b mlops.JudgedWindow) int { return a.End.Compare(b.End) })
	var keys []string
	for _, window := range windows[max(0, len(windows)-pastWindows+1):] {
		keys = append(keys, window.Report)
	}
	return keys
}

// writePage writes the page of a report beside it, once. A verdict does not wait for its page: what fails is told, and mlops drift
// show --html makes one at any time.
func (l *Looker) writePage(ctx context.Context, state mlops.MonitorState, key string, report mlops.DriftReport) {
	page, err := PageOf(ctx, l.Project, state, report)
	if err == nil {
		var content bytes.Buffer
		if err = WriteHTML(&content, report, page); err == nil {
			err = l.Project.Store.Create(ctx, strings.TrimSuffix(key, ".json")+".html", content.Bytes())
		}
	}
	if err != nil && !errors.Is(err, mlops.ErrExists) {
		l.Logger.Warn("the page of a report was not written", "report", key, "error", err)
	}
}
