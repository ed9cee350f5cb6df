package mlops

// Performance is how a version does on the rows of a window whose labels have come, against how it did on its holdout.
type Performance struct {
	// Rows have a label and a prediction; of Predicted rows they are a part.
	Rows      int64 `json:"rows"`
	Predicted int64 `json:"predicted_rows"`
	// Worse says that at least one metric is surely worse than its tolerance allows.
	Worse   bool                `json:"worse"`
	Metrics []PerformanceMetric `json:"metrics,omitempty"`
	Reason  string              `json:"reason,omitempty"` // why nothing was compared
}

// PerformanceMetric compares one metric of the gate.
type PerformanceMetric struct {
	Name   string  `json:"name"`
	Goal   Goal    `json:"goal"`
	Method string  `json:"method"`
	Window float64 `json:"window"`
	// Reference is the metric on the version's holdout, over ReferenceRows.
	Reference     float64 `json:"reference"`
	ReferenceRows int64   `json:"reference_rows,omitempty"`
	// Loss is how much worse the window is; Low and High bound it with 95 %.
	Loss      float64 `json:"loss"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Tolerance float64 `json:"tolerance"`
	Worse     bool    `json:"worse"`
	Reason    string  `json:"reason,omitempty"` // why it was not compared; then the numbers say nothing
}

// Judged says whether at least one metric was compared.
func (p *Performance) Judged() bool {
	if p == nil {
		return false
	}
	for _, metric := range p.Metrics {
		if metric.Reason == "" {
			return true
		}
	}
	return false
}
