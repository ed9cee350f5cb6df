package mlops

import "time"

// JoinedRecords is where the rows of a dataset version come from that was made of a deployment's traffic: inference records,
// and the labels that came for them. The rows themselves are copied, so that retention of the records takes nothing from it.
type JoinedRecords struct {
	Deployment string `json:"deployment"`
	// From and To bound the event time of the records, as asked: zero where there was no bound.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Segments that were read, of records and of labels; SegmentsSHA256 names a listing of them: data/sha256/<hex>, a line
	// each with the SHA-256 of its bytes and its key.
	Segments       int64  `json:"segments"`
	SegmentsSHA256 string `json:"segments_sha256"`

	// Requests in the window; of these left out: those that failed, those whose rows were not captured, and those whose
	// correlation id another request has too.
	Requests    int64 `json:"requests"`
	Failed      int64 `json:"failed_requests"`
	NotCaptured int64 `json:"requests_not_captured"`
	Duplicates  int64 `json:"duplicate_requests"`
	// Rows of the others; Labelled of them are the version, Unlabelled and Unusable ones (a cell that is a list or an object)
	// are left out.
	Rows       int64 `json:"rows"`
	Labelled   int64 `json:"labelled_rows"`
	Unlabelled int64 `json:"unlabelled_rows"`
	Unusable   int64 `json:"unusable_rows"`
	// ReplacedLabels gave way to a later one for the same row; UnplacedLabels name no row that their request has.
	ReplacedLabels int64 `json:"replaced_labels"`
	UnplacedLabels int64 `json:"unplaced_labels"`
	// BrokenLines of records and labels could not be read, and are left out.
	BrokenLines int64 `json:"broken_lines,omitempty"`
	// UndeclaredColumns of the traffic are not in the dataset, and left out.
	UndeclaredColumns []string `json:"undeclared_columns,omitempty"`
}
