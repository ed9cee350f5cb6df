package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// FeedbackPath takes the true outcomes of requests, whatever paths the model has. They are accepted on Options.FeedbackPath
// as well, where that is set.
const FeedbackPath = ownPaths + "feedback"

// DefaultFeedbackPath is where people look for it.
const DefaultFeedbackPath = "/feedback"

// accepted answers a call of feedback: every label is in the log.
type accepted struct {
	Labels   int `json:"labels"`
	Requests int `json:"requests"` // that the labels are about
}

// isFeedback says whether a request is ours and not the model's. On the path beside the model's own, only a POST is.
func (c *Collector) isFeedback(r *http.Request) bool {
	return r.URL.Path == FeedbackPath || r.Method == http.MethodPost && c.options.FeedbackPath != "" && r.URL.Path == c.options.FeedbackPath
}

// feedback writes labels to the log and answers once they are there. It knows nothing of the requests that they are about:
// another replica, or a version that serves no more, may have answered those.
func (c *Collector) feedback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		c.refuseFeedback(w, http.StatusMethodNotAllowed, "method_not_allowed", "feedback is sent with POST")
		return
	}
	given, status, err := c.readFeedback(w, r)
	switch {
	case err != nil && status != http.StatusBadRequest:
		c.refuseFeedback(w, status, "feedback_refused", err.Error())
		return
	case err != nil:
		c.refuseFeedback(w, http.StatusBadRequest, "feedback_invalid", err.Error())
		return
	}
	answer := accepted{Requests: len(given)}
	now := c.options.Clock().UTC()
	for _, one := range given {
		label := record.LabelRecord{
			Schema: record.LabelSchema, SpecVersion: record.SpecVersion, Type: record.LabelType, DataContentType: record.DataContentType,
			ID: uuid.NewString(), Source: "deployments/" + c.options.Deployment, Time: now, EventTime: now, CorrelationID: one.CorrelationID,
			Deployment: c.options.Deployment, Instance: c.options.Instance, Data: one.Labels,
		}
		encoded, err := label.Encode()
		if err == nil {
			err = c.log.append(encoded)
		}
		if err != nil {
			c.options.Logger.Error("labels could not be logged", "error", err.Error())
			c.refuseFeedback(w, http.StatusServiceUnavailable, "log_unavailable", "the labels could not be written; send all of them again: what is there already does no harm")
			return
		}
		answer.Labels += len(one.Labels)
	}
	c.metrics.labels.Add(float64(answer.Labels))
	respond(w, http.StatusAccepted, answer)
}

// readFeedback reads and parses a body, whose memory is part of the budget of captures. With an error comes its status.
func (c *Collector) readFeedback(w http.ResponseWriter, r *http.Request) ([]record.Feedback, int, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, http.StatusUnsupportedMediaType, errors.New("send the body uncompressed")
	}
	need := r.ContentLength
	if need < 0 || need > record.MaximumFeedbackBytes {
		need = record.MaximumFeedbackBytes
	}
	if !c.budget.reserve(need) {
		w.Header().Set("Retry-After", "1")
		return nil, http.StatusServiceUnavailable, errors.New("too many bodies are in flight; send it again in a second")
	}
	defer c.budget.release(need)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, record.MaximumFeedbackBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes; send it in parts", record.MaximumFeedbackBytes)
	}
	if err != nil {
		return nil, http.StatusBadRequest, errors.New(errorRequestBroken)
	}
	given, err := record.ParseFeedback(body)
	return given, http.StatusBadRequest, err
}

func (c *Collector) refuseFeedback(w http.ResponseWriter, status int, code, message string) {
	c.metrics.refused.Inc()
	respond(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func respond(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		body = []byte("{}") // strings and numbers can always be marshalled
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
