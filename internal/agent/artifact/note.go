package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Note is what fetch tells publish over a file that user containers may read but that nothing is decided by: what was put
// into the input folder. It is empty where no dataset was fetched.
type Note struct {
	ArtifactSHA256 string `json:"artifact_sha256,omitempty"`
	Dataset        string `json:"dataset,omitempty"`
	DatasetVersion int64  `json:"dataset_version,omitempty"`
	Split          string `json:"split,omitempty"`
	// InputSHA256 and InputRows are of data.csv as the user's container sees it.
	InputSHA256 string `json:"input_sha256,omitempty"`
	InputRows   int64  `json:"input_rows,omitempty"`
	// HoldoutSHA256, HoldoutRows and ExcludedRows are set for a holdout: what is left of it, and what was taken out.
	HoldoutSHA256 string `json:"holdout_sha256,omitempty"`
	HoldoutRows   int64  `json:"holdout_rows,omitempty"`
	ExcludedRows  int64  `json:"excluded_rows,omitempty"`
}

func writeNote(name string, note Note) error {
	data, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

// readNote reads the note; a note that was never asked for (name is "") is empty.
func readNote(name string) (Note, error) {
	var note Note
	if name == "" {
		return note, nil
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return note, fmt.Errorf("%w: no note of what was fetched at %s: run mlops fetch with the same --note first", mlops.ErrInvalid, name)
	}
	if err != nil {
		return note, err
	}
	if err := json.Unmarshal(data, &note); err != nil {
		return note, fmt.Errorf("%w: %s is not a note of mlops fetch: %w", mlops.ErrInvalid, name, err)
	}
	return note, nil
}
