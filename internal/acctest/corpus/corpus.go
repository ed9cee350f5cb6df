// Package corpus helps tests keep what was ever written readable: documents of the past as files, and what a later version
// would make of them. A corpus only grows. It must not know what the documents mean.
package corpus

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

// WriteTo is the folder to which a test writes what is made today, "" where it only reads:
// MLOPS_WRITE_CORPUS=<folder> go test -run Corpus.
func WriteTo() string { return os.Getenv("MLOPS_WRITE_CORPUS") }

// Save writes every document of a store below a folder.
func Save(t testing.TB, store *memstore.Store, folder string) {
	t.Helper()
	for _, key := range store.Keys("") {
		data, err := store.Read(t.Context(), key)
		path := filepath.Join(folder, filepath.FromSlash(key))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Load is a store with every document below a folder; none at all is a failure of the test.
func Load(t testing.TB, folder string) *memstore.Store {
	t.Helper()
	store, files := memstore.New(), os.DirFS(folder)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		store.Put(path, data)
		return err
	})
	if err != nil || len(store.Keys("")) == 0 {
		t.Fatalf("corpus %s: %d documents, %v", folder, len(store.Keys("")), err)
	}
	return store
}

// Later is a document with a field that nobody knows yet in every object that a type has fields for; maps, whose names are
// data, get none.
func Later(t testing.TB, data []byte, like any) []byte {
	t.Helper()
	var document any
	err := json.Unmarshal(data, &document)
	if err == nil {
		data, err = json.Marshal(grown(document, reflect.TypeOf(like)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func grown(value any, as reflect.Type) any {
	for as.Kind() == reflect.Pointer {
		as = as.Elem()
	}
	if reflect.PointerTo(as).Implements(unmarshaler) { // it reads itself: a time, a span, raw JSON
		return value
	}
	switch typed := value.(type) {
	case map[string]any:
		if as.Kind() == reflect.Struct {
			fields := fieldsOf(as)
			for name, held := range typed {
				if field, known := fields[name]; known {
					typed[name] = grown(held, field)
				}
			}
			typed["a_later_field"] = map[string]any{"of": []any{"a later version", 7, nil}}
		} else if as.Kind() == reflect.Map {
			for name, held := range typed {
				typed[name] = grown(held, as.Elem())
			}
		}
	case []any:
		if as.Kind() == reflect.Slice {
			for i, held := range typed {
				typed[i] = grown(held, as.Elem())
			}
		}
	}
	return value
}

// fieldsOf are the types of a struct's fields by their names in JSON, embedded ones among them.
func fieldsOf(as reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(as) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = field.Type
		}
	}
	return fields
}

// Complete fails the test where an exported field of a value that a corpus is made of is zero, at any depth: what is not
// written cannot be shown to be read. Fields that are listed, as "Type.Field", may be.
func Complete(t testing.TB, value any, except ...string) {
	t.Helper()
	for _, missing := range zeroFields(reflect.ValueOf(value)) {
		if !slices.Contains(except, missing) {
			t.Errorf("%T: %s is not set", value, missing)
		}
	}
}

func zeroFields(value reflect.Value) []string {
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	var zero []string
	switch value.Kind() {
	case reflect.Struct:
		if !value.IsValid() || reflect.PointerTo(value.Type()).Implements(unmarshaler) {
			return nil
		}
		for i := range value.NumField() {
			field := value.Type().Field(i)
			switch {
			case !field.IsExported():
			case value.Field(i).IsZero():
				zero = append(zero, value.Type().Name()+"."+field.Name)
			default:
				zero = append(zero, zeroFields(value.Field(i))...)
			}
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			zero = append(zero, zeroFields(value.MapIndex(key))...)
		}
	case reflect.Slice:
		for i := range value.Len() {
			zero = append(zero, zeroFields(value.Index(i))...)
		}
	}
	return zero
}
