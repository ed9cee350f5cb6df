// Package numbered keeps a statement that changes as documents under numbers that count up below a prefix: whoever creates the
// next number has the word, and the newest one counts. It knows numbers and JSON, not what is stated; what must be chained and
// never be lost is an eventlog's.
package numbered

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Key is where the document of a number stands; a prefix ends with a slash, and numbers count from 1.
func Key(prefix string, number int64) string { return fmt.Sprintf("%s%012d.json", prefix, number) }

// Numbers are those below a prefix, in order.
func Numbers(ctx context.Context, store platform.Store, prefix string) ([]int64, error) {
	entries, err := store.List(ctx, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, entry := range entries {
		if number, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(entry.Key, prefix), ".json"), 10, 64); err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

// Newest reads the newest document below a prefix; number 0, and the value as it was, where there is none. One that is removed
// while it is looked for has been replaced: it is looked for again.
func Newest(ctx context.Context, store platform.Store, prefix string, into any) (number int64, err error) {
	for {
		numbers, err := Numbers(ctx, store, prefix)
		if err != nil || len(numbers) == 0 {
			return 0, err
		}
		number = numbers[len(numbers)-1]
		data, err := store.Read(ctx, Key(prefix, number))
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", Key(prefix, number), err)
		}
		return number, nil
	}
}
