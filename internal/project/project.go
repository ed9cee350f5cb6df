// Package project is a project's memory as typed values: specs, model and monitor logs, requests and notifications over a
// store. Provider and agent share it, so that both read and write the same documents in the same way. It must not know
// Terraform, processes or which platform it is on, and it decides nothing: rules are mlops' own.
package project

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Project is an open project.
type Project struct {
	platform.Platform
	// Now and NewWriter are the clock and the source of writer ids; tests put in their own.
	Now       func() time.Time
	NewWriter func() string
	// AgentVersion is noted in every spec that is written.
	AgentVersion string

	planned func(kind mlops.Kind, name string) (spec mlops.Spec, planned bool)
}

// Open makes a project of a platform, with the real clock and randomness.
func Open(on platform.Platform, agentVersion string) *Project {
	return &Project{Platform: on, Now: func() time.Time { return time.Now().UTC() }, NewWriter: NewWriter, AgentVersion: agentVersion}
}

// NewWriter is a random id of 16 hex digits.
func NewWriter() string {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:]) // never fails: see crypto/rand
	return hex.EncodeToString(bytes[:])
}

// Exists says whether anything was ever declared here.
func (p *Project) Exists(ctx context.Context) (bool, error) {
	entries, err := p.Store.List(ctx, "specs/", "", 1)
	return len(entries) > 0, err
}
