package blob

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Role is what reading and writing a project's container asks for.
const Role = "Storage Blob Data Contributor"

// Fault is what went wrong, in words that lead to the cause.
type Fault struct {
	Verb, Key string
	Cause     string // what happened and what to do
	Err       error  // what the client library said, for errors.As; its text is long and left out
}

func (f *Fault) Error() string {
	if f.Key == "" {
		return f.Verb + ": " + f.Cause
	}
	return f.Verb + " " + f.Key + ": " + f.Cause
}

func (f *Fault) Unwrap() error { return f.Err }

// fault puts an error of the client library into words; nil stays nil.
func (s *Store) fault(verb, key string, err error) error {
	if _, worded := errors.AsType[*Fault](err); worded || err == nil {
		return err
	}
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return &Fault{verb, key, mlops.ErrNotFound.Error(), errors.Join(mlops.ErrNotFound, err)}
	}
	if bloberror.HasCode(err, bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted) {
		return &Fault{verb, key, fmt.Sprintf("container %s: %v; the project's apply makes it where create_container is set", s.name, mlops.ErrNotFound), errors.Join(mlops.ErrNotFound, err)}
	}
	if response, answered := errors.AsType[*azcore.ResponseError](err); answered {
		if missingRole(bloberror.Code(response.ErrorCode)) {
			return &Fault{verb, key, s.refusal(response), errors.Join(mlops.ErrForbidden, err)}
		}
		return &Fault{verb, key, s.refusal(response), err}
	}
	return &Fault{verb, key, s.silence(err), err}
}

func missingRole(code bloberror.Code) bool {
	return code == bloberror.AuthorizationPermissionMismatch || code == bloberror.InsufficientAccountPermissions
}

// refusal words an answer.
func (s *Store) refusal(response *azcore.ResponseError) string {
	said := fmt.Sprintf("%d %s", response.StatusCode, response.ErrorCode)
	switch code := bloberror.Code(response.ErrorCode); {
	case missingRole(code):
		return fmt.Sprintf("container %s: the identity has no right to do that (%s): grant it the role %q (%q is enough to read) at %s; a new role acts after some minutes",
			s.name, said, Role, "Storage Blob Data Reader", s.grantAt())
	case code == bloberror.AuthorizationFailure || code == bloberror.AuthorizationSourceIPMismatch:
		return fmt.Sprintf("container %s: the storage account's firewall does not let this network in (%s): allow the network or a private endpoint, or run where it is reached (for HCP Terraform: a private agent)", s.name, said)
	case code == bloberror.AuthenticationFailed || code == bloberror.InvalidAuthenticationInfo || code == bloberror.NoAuthenticationInformation ||
		response.StatusCode == http.StatusUnauthorized:
		return fmt.Sprintf("container %s: the token was not accepted (%s): it has expired, is of another tenant than the storage account, or this machine's clock is wrong; log in again and try again", s.name, said)
	case response.StatusCode == http.StatusForbidden:
		return fmt.Sprintf("container %s: forbidden (%s): the role %q at %s is what it needs, and no policy or firewall that forbids it", s.name, said, Role, s.grantAt())
	case code == bloberror.AccountIsDisabled:
		return fmt.Sprintf("container %s: the storage account is disabled (%s): see its subscription", s.name, said)
	case code == bloberror.BlobImmutableDueToPolicy:
		return fmt.Sprintf("container %s: an immutability policy keeps it (%s)", s.name, said)
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		return fmt.Sprintf("container %s: the storage account is too busy and stayed so through all tries (%s): try again later", s.name, said)
	case response.StatusCode >= http.StatusInternalServerError:
		return fmt.Sprintf("container %s: Blob storage failed and stayed so through all tries (%s): try again later", s.name, said)
	default:
		return fmt.Sprintf("container %s: Blob storage refused it (%s)", s.name, said)
	}
}

// silence words what is no answer.
func (s *Store) silence(err error) string {
	name, unnamed := errors.AsType[*net.DNSError](err)
	switch {
	case unnamed && name.IsNotFound:
		return fmt.Sprintf("container %s: there is no host %s: the account's name is wrong, or only a private network knows it", s.name, name.Name)
	case errors.Is(err, context.Canceled):
		return "it was cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("container %s: no answer in time (a try waits %s): see the network, and the storage account's firewall and private endpoints", s.name, s.tryFor)
	default:
		return fmt.Sprintf("container %s: %v", s.name, err)
	}
}

func (s *Store) grantAt() string {
	if s.scope != "" {
		return s.scope
	}
	return "container " + s.name
}
