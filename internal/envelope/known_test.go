package envelope

import (
	"context"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// probe is a schema with one of each shape.
var probe = schema.Schema{Attributes: map[string]schema.Attribute{
	"name": schema.StringAttribute{Required: true},
	"columns": schema.MapNestedAttribute{Required: true, NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
		"type": schema.StringAttribute{Required: true}, "minimum": schema.Int64Attribute{Optional: true},
	}}},
	"rows":    schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(3)},
	"command": schema.ListAttribute{Optional: true, ElementType: types.StringType},
	"window":  RequiredDuration("w"),
}}

type probed struct {
	Name    types.String `tfsdk:"name"`
	Columns map[string]struct {
		Type    types.String `tfsdk:"type"`
		Minimum types.Int64  `tfsdk:"minimum"`
	} `tfsdk:"columns"`
	Rows    types.Int64    `tfsdk:"rows"`
	Command []types.String `tfsdk:"command"`
	Window  Duration       `tfsdk:"window"`
}

func raw(change map[string]any) tftypes.Value {
	object := probe.Type().TerraformType(context.Background()).(tftypes.Object)
	column := object.AttributeTypes["columns"].(tftypes.Map).ElementType
	values := map[string]tftypes.Value{
		"name": tftypes.NewValue(tftypes.String, "x"), "rows": tftypes.NewValue(tftypes.Number, nil), "window": tftypes.NewValue(tftypes.String, "1d"),
		"command": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{tftypes.NewValue(tftypes.String, "a")}),
		"columns": tftypes.NewValue(object.AttributeTypes["columns"], map[string]tftypes.Value{"a": tftypes.NewValue(column, map[string]tftypes.Value{
			"type": tftypes.NewValue(tftypes.String, "number"), "minimum": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue),
		})}),
	}
	for name, value := range change {
		values[name] = tftypes.NewValue(object.AttributeTypes[name], value)
	}
	return tftypes.NewValue(object, values)
}

// What is unknown decodes as null, and nothing is said about it.
func TestUnknownDecodesAsNull(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"nothing more": nil,
		"collection":   {"columns": tftypes.UnknownValue},
		"element":      {"command": []tftypes.Value{tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}},
		"null element": {"command": []tftypes.Value{tftypes.NewValue(tftypes.String, nil)}},
		"name":         {"name": tftypes.UnknownValue},
	} {
		given := raw(change)
		found := findKnown(t.Context(), probe, given, true)
		if _, err := decode[probed](t.Context(), probe, found); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !given.Equal(raw(change)) {
			t.Errorf("%s: the value that was given has changed", name)
		}
	}
}

// Problems about what is unknown, beside it in a nested object, or left to a default are dropped; all others stay.
func TestProblemsOfTheKnownStay(t *testing.T) {
	found := findKnown(t.Context(), probe, raw(map[string]any{"window": "soon"}), true)
	at := func(path ...string) mlops.Problem { return mlops.Problem{Path: path} }
	var paths []string
	for _, problem := range found.relevant([]mlops.Problem{
		at("name"), at("columns", "a", "minimum"), at("columns", "a", "type"), at("columns", "b", "type"), at("rows"), at("window"), at("command"),
	}) {
		paths = append(paths, problem.Path[0])
	}
	if want := []string{"name", "columns", "command"}; !slices.Equal(paths, want) {
		t.Errorf("problems of %v stay, want %v", paths, want)
	}
}

// A problem is shown at the attribute that it blames, as deep as the schema goes.
func TestAttributePath(t *testing.T) {
	for want, path := range map[string][]string{
		`columns["a"].type`: {"columns", "a", "type"}, `command[0]`: {"command", "0"}, `columns["a"]`: {"columns", "a", "nothing"}, `name`: {"name", "x"},
	} {
		if got := attributePath(probe.Type(), path).String(); got != want {
			t.Errorf("%v is shown at %s, want %s", path, got, want)
		}
	}
}
