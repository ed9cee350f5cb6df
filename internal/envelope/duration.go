package envelope

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// DurationType is the type of a length of time; 24h, 1d and P1D are equal.
type DurationType struct{ basetypes.StringType }

// Duration is a value of DurationType.
type Duration struct{ basetypes.StringValue }

var (
	_ basetypes.StringTypable                    = DurationType{}
	_ basetypes.StringValuableWithSemanticEquals = Duration{}
	_ xattr.ValidateableAttribute                = Duration{}
)

// NewDuration is the value of a domain duration.
func NewDuration(d mlops.Duration) Duration { return Duration{basetypes.NewStringValue(d.String())} }

// Domain is the value as the domain has it; zero where it is null, unknown or unreadable.
func (d Duration) Domain() mlops.Duration {
	parsed, err := mlops.ParseDuration(d.ValueString())
	if err != nil {
		return 0
	}
	return parsed
}

// Type is DurationType.
func (d Duration) Type(context.Context) attr.Type { return DurationType{} }

// Equal compares as text.
func (d Duration) Equal(other attr.Value) bool {
	o, ok := other.(Duration)
	return ok && d.StringValue.Equal(o.StringValue)
}

// StringSemanticEquals compares lengths of time.
func (d Duration) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(Duration)
	return ok && sameDuration(d.ValueString(), o.ValueString()), nil
}

func sameDuration(one, other string) bool {
	a, errA := mlops.ParseDuration(one)
	b, errB := mlops.ParseDuration(other)
	return errA == nil && errB == nil && a == b
}

// ValidateAttribute refuses what is no duration.
func (d Duration) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if d.IsNull() || d.IsUnknown() {
		return
	}
	if _, err := mlops.ParseDuration(d.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration",
			fmt.Sprintf("%q is not a duration. Write 30m, 24h, 7d or ISO 8601 such as P7D.", d.ValueString()))
	}
}

// Equal says whether the other type is this one.
func (t DurationType) Equal(other attr.Type) bool {
	_, ok := other.(DurationType)
	return ok
}

// String names the type.
func (t DurationType) String() string { return "envelope.DurationType" }

// ValueFromString wraps a string.
func (t DurationType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return Duration{in}, nil
}

// ValueFromTerraform reads a value as it travels.
func (t DurationType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	text, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("a duration is a string, not %T", value)
	}
	return Duration{text}, nil
}

// ValueType is Duration.
func (t DurationType) ValueType(context.Context) attr.Value { return Duration{} }

// RequiredDuration is an attribute that must be given.
func RequiredDuration(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Required: true, CustomType: DurationType{}, MarkdownDescription: description, PlanModifiers: []planmodifier.String{keepEqual{}},
	}
}

// DefaultDuration is an attribute with a default.
func DefaultDuration(value mlops.Duration, description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, CustomType: DurationType{}, Default: stringdefault.StaticString(value.String()),
		MarkdownDescription: fmt.Sprintf("%s Default `%s`.", description, value), PlanModifiers: []planmodifier.String{keepEqual{}},
	}
}

// keepEqual keeps what state says where the configuration says the same in other words.
type keepEqual struct{}

func (keepEqual) Description(context.Context) string { return "24h, 1d and P1D are equal" }
func (k keepEqual) MarkdownDescription(context.Context) string {
	return "`24h`, `1d` and `P1D` are equal"
}

func (keepEqual) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if sameDuration(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// KeepEqual is the plan modifier of duration attributes that the functions here do not make.
func KeepEqual() planmodifier.String { return keepEqual{} }

// DurationOrNull is null for zero.
func DurationOrNull(d mlops.Duration) Duration {
	if d == 0 {
		return Duration{basetypes.NewStringNull()}
	}
	return NewDuration(d)
}
