package hours

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Part is what one version served in a span.
type Part struct {
	Version int64 `json:"version"`
	// Edges are those that it was counted in; "" where nobody knew the version: then there are no columns.
	Edges       string    `json:"edges,omitempty"`
	Rows        int64     `json:"rows"`
	Requests    int64     `json:"requests"`
	Failed      int64     `json:"failed,omitempty"`
	NotCaptured int64     `json:"not_captured,omitempty"`
	Newest      time.Time `json:"newest"`
	// Duplicates repeat an earlier row of the same hour; Strayed says that a row has a time of another hour than its record.
	Duplicates int64 `json:"duplicates,omitempty"`
	Strayed    bool  `json:"strayed,omitempty"`
	// Answer is the column of the answers that holds the prediction, AnswerIsText that some were no number. Mixed says that it was
	// another column at another time.
	Answer       string `json:"answer,omitempty"`
	AnswerIsText bool   `json:"answer_is_text,omitempty"`
	Mixed        bool   `json:"mixed,omitempty"`
	// Names are the columns that occurred, in order.
	Names []string `json:"columns,omitempty"`
	// Predicted says that predictions were counted.
	Predicted bool `json:"predicted,omitempty"`
	// Bytes is the length of what is encoded of it behind the header.
	Bytes int `json:"bytes"`

	Columns     map[string]*stats.Tally `json:"-"`
	Predictions *stats.Tally            `json:"-"`
	Times       stats.TimeTally         `json:"-"`
}

// countRows is the part of a version that its rows make. hour is when they lie; zero where that does not matter.
func countRows(version int64, frames Frames, known bool, columns record.Columns, newest, hour time.Time) Part {
	part := Part{
		Version: version, Rows: columns.Rows, Requests: columns.Requests, Failed: columns.Failed, NotCaptured: columns.NotCaptured,
		Newest: newest, Columns: map[string]*stats.Tally{},
	}
	if !known {
		return part
	}
	part.Edges = frames.Edges
	for _, column := range columns.Inputs {
		tally := frames.Columns[column.Name].Count(column, columns.TypeErrors[column.Name])
		part.Columns[column.Name] = &tally
	}
	if answers := columns.Predictions; answers != nil {
		part.Answer, part.AnswerIsText = answers.Name, answers.Type != mlops.TypeNumber
		if frames.Predictions != nil && frames.Predictions.Type == answers.Type {
			tally := frames.Predictions.Count(*answers, 0)
			part.Predictions = &tally
		}
	}
	part.Times = stats.CountTimes(columns.Times)
	part.Duplicates = stats.Duplicates(columns.Inputs, columns.Times)
	end := hour.Add(time.Hour)
	part.Strayed = part.Rows > 0 && (part.Times.First.Before(hour) || !part.Times.Last.Before(end))
	return part
}

// add adds what the same version served later, in the same edges.
func (p *Part) add(later Part) {
	p.addHead(later)
	for name, tally := range later.Columns {
		if p.Columns[name] == nil {
			p.Columns[name] = tally
			continue
		}
		p.Columns[name].Add(*tally)
	}
	if later.Predictions != nil {
		if p.Predictions == nil {
			p.Predictions = later.Predictions
		} else {
			p.Predictions.Add(*later.Predictions)
		}
	}
	p.Times.Add(later.Times)
}

// addHead adds what stands in the header.
func (p *Part) addHead(later Part) {
	p.Rows += later.Rows
	p.Requests += later.Requests
	p.Failed += later.Failed
	p.NotCaptured += later.NotCaptured
	p.Duplicates += later.Duplicates
	p.Strayed = p.Strayed || later.Strayed
	if later.Newest.After(p.Newest) {
		p.Newest = later.Newest
	}
	p.Mixed = p.Mixed || later.Mixed || p.Answer != "" && later.Answer != "" && p.Answer != later.Answer
	if p.Answer == "" {
		p.Answer = later.Answer
	}
	p.AnswerIsText = p.AnswerIsText || later.AnswerIsText
}

// encode appends the counts, and notes in the header what they are of.
func (p *Part) encode(to []byte) []byte {
	start := len(to)
	p.Names, p.Predicted = slices.Sorted(maps.Keys(p.Columns)), p.Predictions != nil
	for _, name := range p.Names {
		to = p.Columns[name].Append(to)
	}
	if p.Predicted {
		to = p.Predictions.Append(to)
	}
	to = p.Times.Append(to)
	p.Bytes = len(to) - start
	return to
}

// addEncoded adds the counts that encode wrote for a header. The part has the frames' edges.
func (p *Part) addEncoded(header Part, frames Frames, data []byte) error {
	p.addHead(header)
	var err error
	for _, name := range header.Names {
		if p.Columns[name] == nil {
			tally := frames.Columns[name].New()
			p.Columns[name] = &tally
		}
		if data, err = p.Columns[name].AddEncoded(data); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	if header.Predicted {
		if p.Predictions == nil {
			tally := frames.Predictions.New()
			p.Predictions = &tally
		}
		if data, err = p.Predictions.AddEncoded(data); err != nil {
			return fmt.Errorf("predictions: %w", err)
		}
	}
	times, _, err := stats.DecodeTimes(data)
	if err != nil {
		return err
	}
	p.Times.Add(times)
	return nil
}

// complete adds, as nulls, the rows of spans in which a column did not occur at all.
func (p *Part) complete() {
	fill := func(tally *stats.Tally) {
		missing := p.Rows - tally.Rows
		tally.Rows += missing
		tally.Nulls += missing
	}
	for _, tally := range p.Columns {
		fill(tally)
	}
	if p.Predictions != nil {
		fill(p.Predictions)
	}
}
