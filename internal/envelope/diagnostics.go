package envelope

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// At blames an attribute for an error.
func At(err error, attribute ...string) error {
	if err == nil {
		return nil
	}
	return &attributeError{path: attribute, err: err}
}

type attributeError struct {
	path []string
	err  error
}

func (e *attributeError) Error() string { return e.err.Error() }
func (e *attributeError) Unwrap() error { return e.err }

// failure is an error of a verb as a diagnostic.
func (e *envelope[M, P]) failure(verb string, id mlops.ID, err error) diag.Diagnostic {
	summary := fmt.Sprintf("Unable to %s %s", verb, e.noun())
	if id.Name != "" {
		summary += fmt.Sprintf(" %q", id.Name)
	}
	detail := sentence(err.Error())
	switch {
	case errors.Is(err, mlops.ErrExists) && id.Name != "":
		detail = e.exists(id)
	case errors.Is(err, mlops.ErrConflict):
		detail += " It was changed by somebody else meanwhile: plan again to see that change."
	}
	if blamed, ok := errors.AsType[*attributeError](err); ok {
		return diag.NewAttributeErrorDiagnostic(attributePath(e.schema().Type(), blamed.path), summary, detail)
	}
	return diag.NewErrorDiagnostic(summary, detail)
}

// exists says how to go on when a name is taken.
func (e *envelope[M, P]) exists(id mlops.ID) string {
	return fmt.Sprintf("%s %q exists already, with other content. To adopt it as it is, and then plan its changes:\n\n"+
		"  terraform import mlops_%s.<name> '%s'\n\nor in the configuration:\n\n"+
		"  import {\n    to = mlops_%s.<name>\n    id = %q\n  }\n\nTo start afresh, choose another name.",
		sentenceStart(e.noun()), id.Name, e.Name, id, e.Name, id.String())
}

// invalid turns problems into diagnostics at their attributes.
func (e *envelope[M, P]) invalid(problems []mlops.Problem) diag.Diagnostics {
	var diagnostics diag.Diagnostics
	for _, problem := range problems {
		summary := "Invalid " + e.noun()
		if len(problem.Path) == 0 {
			diagnostics.AddError(summary, sentence(problem.Message))
			continue
		}
		diagnostics.AddAttributeError(attributePath(e.schema().Type(), problem.Path), summary,
			strings.Join(problem.Path, ".")+": "+ended(plain(problem.Message)))
	}
	return diagnostics
}

// attributePath finds a path of names in a type. Where a name leads nowhere it ends at the attribute around it.
func attributePath(typ attr.Type, names []string) path.Path {
	at := path.Empty()
	for _, name := range names {
		switch within := typ.(type) {
		case attr.TypeWithAttributeTypes:
			next, ok := within.AttributeTypes()[name]
			if !ok {
				return at
			}
			at, typ = at.AtName(name), next
		case basetypes.MapTypable:
			element, ok := typ.(attr.TypeWithElementType)
			if !ok {
				return at
			}
			at, typ = at.AtMapKey(name), element.ElementType()
		case basetypes.ListTypable:
			index, err := strconv.Atoi(name)
			element, ok := typ.(attr.TypeWithElementType)
			if err != nil || !ok {
				return at
			}
			at, typ = at.AtListIndex(index), element.ElementType()
		default:
			return at
		}
	}
	return at
}

func (e *envelope[M, P]) noun() string { return strings.ReplaceAll(e.Name, "_", " ") }

func sentence(text string) string { return ended(sentenceStart(plain(text))) }

// plain takes out the word by which code tells errors apart: people see what is invalid, and why.
func plain(text string) string { return strings.ReplaceAll(text, mlops.ErrInvalid.Error()+": ", "") }

func sentenceStart(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func ended(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "."
}
