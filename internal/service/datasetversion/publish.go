package datasetversion

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func validate(m model) []mlops.Problem {
	if m.Source.ValueString() == "" && !m.Source.IsNull() {
		return []mlops.Problem{{Path: []string{"source"}, Message: "name a file or folder"}}
	}
	if source := m.Source.ValueString(); inCloud(source) {
		return []mlops.Problem{{Path: []string{"source"}, Message: fmt.Sprintf("%q lies in a storage account, and this machine does not pull data through itself: "+
			"publish it where the data is, in a pod or a pipeline whose identity may write it, with `mlops dataset publish DATASET --source FOLDER`", source)}}
	}
	return nil
}

// inCloud says whether a source is the address of blobs, as the tools of Azure write it, and not a file.
func inCloud(source string) bool {
	scheme, _, address := strings.Cut(source, "://")
	return mlops.OnAzure(source) || address && slices.Contains([]string{"https", "http", "abfs", "abfss", "wasb", "wasbs", "az", "azureml"}, strings.ToLower(scheme))
}

// plan takes the fingerprint. Where it is another one, number and what follows from it are known after apply.
func plan(ctx context.Context, planned *envelope.Plan[model]) ([]mlops.Problem, error) {
	if planned.Unknown("source") {
		unknown(planned)
		planned.Set("sha256", types.StringUnknown())
		return nil, nil
	}
	sum, problems := fingerprint(ctx, planned.Model.Source.ValueString())
	if problems != nil {
		return problems, nil
	}
	planned.Set("sha256", types.StringValue(sum))
	prior := planned.Prior
	if prior != nil && prior.SHA256.ValueString() == sum && prior.InSync.ValueBool() {
		return nil, nil
	}
	if prior != nil {
		unknown(planned)
	}
	return examine(ctx, planned, sum)
}

// examine tries at plan what apply will do, where the dataset is known.
func examine(ctx context.Context, planned *envelope.Plan[model], sum string) ([]mlops.Problem, error) {
	if planned.Unknown("dataset_id") {
		return nil, nil
	}
	owner, err := mlops.ParseIDOf(mlops.KindDataset, planned.Model.DatasetID.ValueString())
	if err != nil {
		return nil, err
	}
	if planned.Prior == nil {
		if twice, _ := planned.Places.Claim(owner.Key() + "@" + sum); twice {
			return []mlops.Problem{{Path: []string{"source"}, Message: fmt.Sprintf(
				"this configuration publishes the same content of dataset %q twice, which is one version: remove one of the two", owner.Name)}}, nil
		}
	}
	declared, known, err := declaredDataset(ctx, planned, owner)
	if err != nil || !known {
		return nil, err
	}
	return ofSource(dataset.Examine(ctx, declared, planned.Model.Source.ValueString())), nil
}

// ofSource blames the source for an error, if there is one.
func ofSource(err error) []mlops.Problem {
	if err == nil {
		return nil
	}
	return []mlops.Problem{{Path: []string{"source"}, Message: err.Error()}}
}

// declaredDataset is what the dataset will be: as planned in this run, else as it lives.
func declaredDataset(ctx context.Context, planned *envelope.Plan[model], id mlops.ID) (declared mlops.Dataset, known bool, err error) {
	if spec, ok := planned.Places.PlannedSpec(id); ok {
		declared, known = spec.(mlops.Dataset)
		return declared, known, nil
	}
	if planned.Project == nil {
		return declared, false, nil
	}
	_, err = planned.Project.Spec(ctx, mlops.KindDataset, id.Name, &declared)
	if errors.Is(err, mlops.ErrNotFound) || errors.Is(err, mlops.ErrInvalid) { // apply says so, or mends it before
		return declared, false, nil
	}
	return declared, err == nil, err
}

func fingerprint(ctx context.Context, source string) (sum string, problems []mlops.Problem) {
	sum, err := dataset.Fingerprint(ctx, source)
	return sum, ofSource(err)
}

func unknown(planned *envelope.Plan[model]) {
	planned.Set("id", types.StringUnknown())
	for _, attribute := range []string{"number", "rows", "training_rows", "holdout_rows"} {
		planned.Set(attribute, types.Int64Unknown())
	}
}

func create(ctx context.Context, call *envelope.Call[model]) error {
	published, err := publish(ctx, call)
	if err == nil && !published {
		call.Warn("Adopted "+call.Model.ID.ValueString(), "The newest version of the dataset held the same already, so none was published.")
	}
	return err
}

func update(ctx context.Context, call *envelope.Call[model]) error {
	prior := call.Prior
	if prior.SHA256.Equal(call.Model.SHA256) && prior.InSync.ValueBool() {
		call.Model.InSync = types.BoolValue(true)
		return nil
	}
	_, err := publish(ctx, call)
	return err
}

// publish makes a version of what the plan has seen, and stops on any other content.
func publish(ctx context.Context, call *envelope.Call[model]) (published bool, err error) {
	owner, err := mlops.ParseIDOf(mlops.KindDataset, call.Model.DatasetID.ValueString())
	if err != nil {
		return false, envelope.At(err, "dataset_id")
	}
	var declared mlops.Dataset
	if _, err := call.Project.Spec(ctx, mlops.KindDataset, owner.Name, &declared); err != nil {
		return false, envelope.At(err, "dataset_id")
	}
	publication, err := dataset.Publish(ctx, dataset.Request{
		Store: call.Project.Store, Dataset: declared, SourcePath: call.Model.Source.ValueString(),
		ExpectSHA256: call.Model.SHA256.ValueString(), Actor: actor(), Now: call.Project.Now, NewWriter: call.Project.NewWriter,
	})
	if err != nil {
		return false, envelope.At(err, "source")
	}
	call.Model.ID = types.StringValue(owner.Sibling(mlops.KindDatasetVersion, fmt.Sprintf("%s.%d", owner.Name, publication.Number)).String())
	fill(call.Model, publication.DatasetManifest)
	return publication.Published, nil
}

func fill(m *model, manifest mlops.DatasetManifest) {
	m.InSync, m.Number, m.SHA256 = types.BoolValue(true), types.Int64Value(manifest.Number), types.StringValue(manifest.SHA256)
	m.Rows = types.Int64Value(manifest.Rows)
	m.TrainingRows, m.HoldoutRows = types.Int64Value(manifest.Training.Rows), types.Int64Value(manifest.Holdout.Rows)
}

// read finds the version. One that was retired is gone; one whose manifest was spoilt by hand is published anew.
func read(ctx context.Context, call *envelope.Call[model]) error {
	name, number, err := split(call.ID)
	if err != nil {
		return err
	}
	retired, err := isRetired(ctx, call.Project, name, number)
	if err != nil {
		return err
	}
	if retired {
		return fmt.Errorf("version %d of dataset %q: %w: it was retired", number, name, mlops.ErrNotFound)
	}
	manifest, err := dataset.Read(ctx, call.Project.Store, name, number)
	if errors.Is(err, mlops.ErrInvalid) {
		call.Warn("Dataset version "+call.ID.Name+" was changed by hand", err.Error()+". Apply publishes its source as the next version.")
		call.Model.InSync = types.BoolValue(false)
		return nil
	}
	if err != nil {
		return err
	}
	if call.Model.DatasetID.IsNull() { // import
		call.Model.DatasetID = types.StringValue(call.ID.Sibling(mlops.KindDataset, name).String())
		call.Model.Source = types.StringValue(manifest.Source)
	}
	fill(call.Model, manifest)
	return nil
}

func isRetired(ctx context.Context, in *project.Project, name string, number int64) (bool, error) {
	versions, err := dataset.Versions(ctx, in.Store, name)
	for _, version := range versions {
		if version.Number == number {
			return version.Retired, err
		}
	}
	return false, err
}

func retire(ctx context.Context, call *envelope.Call[model]) error {
	name, number, err := split(call.ID)
	if err != nil {
		return err
	}
	if err := dataset.Retire(ctx, call.Project.Store, name, number); err != nil {
		return err
	}
	call.Warn(fmt.Sprintf("Version %d of dataset %q is kept from new runs", number, name),
		"Its data stays in the project's memory: it is what models were made from.")
	return nil
}

// split reads the name of a version: <dataset>.<number>.
func split(id mlops.ID) (name string, number int64, err error) {
	name, digits, _ := strings.Cut(id.Name, ".")
	number, err = strconv.ParseInt(digits, 10, 64)
	if err != nil || number < 1 || mlops.ValidateName(name) != nil {
		return "", 0, fmt.Errorf("%w: id %q: a dataset version is <place>/%s/<dataset>.<number>", mlops.ErrInvalid, id, mlops.KindDatasetVersion)
	}
	return name, number, nil
}

// actor is who runs Terraform, taken on trust on one machine.
func actor() mlops.Actor {
	current, err := user.Current()
	if err != nil {
		return mlops.Actor{Name: "terraform"}
	}
	return mlops.Actor{Name: current.Username}
}
