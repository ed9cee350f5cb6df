package mlops

import (
	"fmt"
	"time"
)

// SealPrefix begins the keys of audit heads.
const SealPrefix = "audit/"

const sealLayout = SealPrefix + "2006/01/02/15.json"

// SealKey is where the heads of an hour stand: audit/<yyyy>/<mm>/<dd>/<hour>.json.
func SealKey(at time.Time) string { return at.UTC().Format(sealLayout) }

// SealHour is the end of the hour of such a key, by which it was written.
func SealHour(key string) (time.Time, error) {
	began, err := time.Parse(sealLayout, key)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w: it is no audit head", key, ErrInvalid)
	}
	return began.Add(time.Hour), nil
}
