// Package blobgate stands in front of Azurite, which lets in whoever has any token, and lets through what Blob storage would:
// it checks the token of the fake Entra, asks the fake's role assignments with their conditions, keeps what an immutability
// policy keeps, and can close the account's firewall. It must not know the product.
package blobgate

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
)

// Gate is an endpoint of blobs with the roles of one cloud.
type Gate struct {
	// URL is scheme, host and port; what follows is /ACCOUNT/CONTAINER/BLOB, as Azurite has it.
	URL string

	cloud    *armfake.Fake
	blobs    *azurite.Server
	account  string // ARM ID of the one storage account
	firewall atomic.Bool
	proxy    *httputil.ReverseProxy
}

// Start runs a gate in front of an Azurite that takes tokens, until the test ends. It listens with the cloud's certificate.
func Start(t testing.TB, cloud *armfake.Fake, blobs *azurite.Server, accountID string) *Gate {
	t.Helper()
	upstream, err := url.Parse(blobs.URL)
	if err != nil {
		t.Fatal(err)
	}
	gate := &Gate{cloud: cloud, blobs: blobs, account: accountID}
	gate.proxy = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: blobs.Client().Transport,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(gate.serve))
	server.TLS = cloud.ServerTLS()
	server.StartTLS()
	t.Cleanup(server.Close)
	gate.URL = server.URL
	return gate
}

// CloseFirewall shuts everybody out by where they are, or lets them in again.
func (g *Gate) CloseFirewall(closed bool) { g.firewall.Store(closed) }

func (g *Gate) serve(w http.ResponseWriter, r *http.Request) {
	if g.firewall.Load() {
		refuse(w, http.StatusForbidden, "AuthorizationFailure", "This request is not authorized to perform this operation.")
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		refuse(w, http.StatusForbidden, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account.")
		return
	}
	who, err := g.cloud.Verify(token, azurite.StorageAudience)
	if err != nil {
		refuse(w, http.StatusUnauthorized, "InvalidAuthenticationInfo", err.Error())
		return
	}
	container, wanted := read(r)
	for _, access := range wanted {
		access.Container = g.account + "/blobServices/default/containers/" + container
		if !g.cloud.Allowed(who, access) {
			refuse(w, http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
			return
		}
		if access.Path != "" && access.Action != "read" && g.cloud.Immutable(access.Container) && (access.Action == "delete" || g.there(r)) {
			refuse(w, http.StatusConflict, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.")
			return
		}
	}
	if len(wanted) == 0 {
		refuse(w, http.StatusForbidden, "AuthorizationPermissionMismatch", "The gate does not know this operation: "+r.Method+" "+r.URL.RequestURI())
		return
	}
	g.proxy.ServeHTTP(w, r)
}

// there says whether the blob of a request exists.
func (g *Gate) there(r *http.Request) bool {
	head, err := http.NewRequestWithContext(r.Context(), http.MethodHead, g.blobs.URL+r.URL.EscapedPath(), nil)
	if err != nil {
		return false
	}
	head.Header.Set("Authorization", r.Header.Get("Authorization"))
	head.Header.Set("X-Ms-Version", r.Header.Get("X-Ms-Version"))
	response, err := g.blobs.Client().Do(head)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// read says which rights a request needs, all of them; none for what is not known.
func read(r *http.Request) (container string, wanted []armfake.Access) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	query := r.URL.Query()
	if len(parts) < 2 {
		return "", nil
	}
	container = parts[1]
	if len(parts) == 2 || parts[2] == "" {
		switch {
		case query.Get("restype") != "container":
			return container, nil
		case query.Get("comp") == "list":
			return container, []armfake.Access{{Action: "read", SubOperation: "Blob.List", Prefix: query.Get("prefix")}}
		}
		verb := map[string]string{http.MethodGet: "read", http.MethodHead: "read", http.MethodPut: "write", http.MethodDelete: "delete"}[r.Method]
		return container, []armfake.Access{{Action: armfake.ContainerAction + verb}}
	}
	action := map[string]string{http.MethodGet: "read", http.MethodHead: "read", http.MethodPut: "write", http.MethodDelete: "delete"}[r.Method]
	if action == "" {
		return container, nil
	}
	if query.Get("comp") == "appendblock" {
		action = "add/action"
	}
	return container, []armfake.Access{{Action: action, Path: parts[2]}}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	var body bytes.Buffer
	body.WriteString(xml.Header)
	_ = xml.NewEncoder(&body).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message}) // of strings
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Ms-Error-Code", code)
	w.WriteHeader(status)
	_, _ = io.Copy(w, &body)
}
