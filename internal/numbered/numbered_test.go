package numbered_test

import (
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/numbered"
)

func TestNewest(t *testing.T) {
	store, ctx := memstore.New(), t.Context()
	said := "nothing"
	if number, err := numbered.Newest(ctx, store, "words/", &said); number != 0 || err != nil || said != "nothing" {
		t.Errorf("%d %q %v", number, said, err)
	}
	for key, text := range map[string]string{
		numbered.Key("words/", 9): `"nine"`, numbered.Key("words/", 10): `"ten"`, "words/index.json": `"no number"`, numbered.Key("words/a/", 11): `"another's"`,
	} {
		if err := store.Create(ctx, key, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if number, err := numbered.Newest(ctx, store, "words/", &said); number != 10 || err != nil || said != "ten" {
		t.Errorf("%d %q %v", number, said, err)
	}
	if err := store.Create(ctx, numbered.Key("words/", 11), []byte(`{"half`)); err != nil {
		t.Fatal(err)
	}
	if number, err := numbered.Newest(ctx, store, "words/", &said); number != 0 || err == nil || !strings.Contains(err.Error(), numbered.Key("words/", 11)) {
		t.Errorf("%d %v", number, err)
	}
}
