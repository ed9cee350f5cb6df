package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// MayWrite says whether a program of this project's AgentVersion may write to it: mlops.ErrOutdated where a newer provider
// has declared something. It costs one listing and one read for each declared name, so that it is for commands; whoever
// follows the specs anyway asks mlops.MayWrite.
func (p *Project) MayWrite(ctx context.Context) error {
	entries, err := p.Store.List(ctx, "specs/", "", 0)
	if err != nil {
		return fmt.Errorf("specs: %w", err)
	}
	var newest []mlops.SpecDocument
	for _, entry := range NewestSpecs(entries) {
		data, err := p.Store.Read(ctx, entry.Key)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("specs: %w", err)
		}
		var document mlops.SpecDocument
		_ = json.Unmarshal(data, &document) // of what cannot be understood, what could be is asked
		newest = append(newest, document)
	}
	return mlops.MayWrite(p.AgentVersion, newest)
}
