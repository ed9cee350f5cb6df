package azurescene_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/cli"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// Nothing that proves an identity is in what real Terraform keeps or says: state, plan files, what it shows of both, output, and
// logs at their loudest, of applies that succeed and of sign-ins that fail.
func TestNoSecretIsKeptOrSaid(t *testing.T) {
	t.Parallel()
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)
	who := scene.Terraform
	issuer := scene.Cloud.Issuer("ci")
	scene.Cloud.Trust(who, issuer, "repo:flights")
	secrets := map[string]string{
		"client secret": who.Secret, "storage key": scene.Blobs.Key, "kubeconfig token": plane.Token("admin"),
		"certificate password": "password-1c0c9f33", "OIDC token": scene.Cloud.Assertion(issuer, "repo:flights"),
		"token of a cluster": "cluster-token-77aa01d2", "wrong secret": "secret-that-is-wrong-55b1",
	}
	environment := scene.Environment(who)
	delete(environment, "ARM_CLIENT_SECRET")
	in := cli.New(t, environment, map[string]string{
		"SSL_CERT_FILE": scene.Cloud.CertificateFile(t), "TF_LOG": "TRACE", "ARM_USE_CLI": "false", "TF_VAR_cluster_token": secrets["token of a cluster"],
	})
	in.Environment["TF_LOG_PATH"] = filepath.Join(in.Path, "trace.log")
	config := example(t, scene, scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane)), namespace)
	in.Write(t, "main.tf", replaceAll(t, config, `"*/5 * * * *"`, `"0 3 1 1 *"`))
	in.Write(t, "provider.tf", `
variable "cluster_token" {
  type      = string
  ephemeral = true
}
provider "mlops" {
  clusters = { own = { token = var.cluster_token } }
}
`)
	base := maps.Clone(in.Environment)
	as := func(environment map[string]string) {
		in.Environment = maps.Clone(base)
		maps.Copy(in.Environment, environment)
	}
	var said strings.Builder

	as(map[string]string{"ARM_CLIENT_SECRET": who.Secret})
	said.WriteString(in.Run(t, "apply", "-auto-approve", "-input=false", "-no-color"))
	plan := []string{"plan", "-out=plan.bin", "-input=false", "-no-color"}
	said.WriteString(in.Run(t, plan...))
	said.WriteString(in.Run(t, "show", "-json", "plan.bin"))
	said.WriteString(in.Run(t, "show", "-json"))
	certificate, parsed := certificateOf(t)
	if err := scene.Cloud.Certify(who, parsed); err != nil {
		t.Fatal(err)
	}
	in.Write(t, "certificate.pem", certificate)
	if packed(t, in.Path, secrets["certificate password"]) {
		as(map[string]string{"ARM_CLIENT_CERTIFICATE_PATH": "certificate.pfx", "ARM_CLIENT_CERTIFICATE_PASSWORD": secrets["certificate password"]})
		said.WriteString(in.Run(t, append(plan, "-detailed-exitcode")...))
	}
	as(map[string]string{"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": secrets["OIDC token"]})
	said.WriteString(in.Run(t, append(plan, "-detailed-exitcode")...))
	for _, wrong := range []map[string]string{
		{"ARM_CLIENT_SECRET": secrets["wrong secret"]},
		{"ARM_CLIENT_CERTIFICATE": base64.StdEncoding.EncodeToString([]byte("no certificate")), "ARM_CLIENT_CERTIFICATE_PASSWORD": secrets["certificate password"]},
	} {
		as(wrong)
		output, _ := in.Start(t, "apply", "-auto-approve", "-input=false", "-no-color", "-replace=mlops_drift_monitor.delay").Wait()
		said.WriteString(output)
	}
	as(map[string]string{"ARM_CLIENT_SECRET": who.Secret})
	said.WriteString(in.Run(t, "destroy", "-auto-approve", "-input=false", "-no-color"))

	in.Write(t, "said.txt", said.String())
	looked := holds(t, in.Path, secrets)
	if looked < 8 || !strings.Contains(said.String(), "AADSTS") {
		t.Errorf("%d files were looked at: this test proves too little", looked)
	}
	log, err := os.Stat(filepath.Join(in.Path, "trace.log"))
	if err != nil || log.Size() < 100_000 {
		t.Errorf("the log is not loud: %v %v", log, err)
	}
}

// holds looks for secrets in every file below a folder, in what is packed too.
func holds(t *testing.T, folder string, secrets map[string]string) (looked int) {
	t.Helper()
	look := func(name string, content []byte) {
		looked++
		for what, secret := range secrets {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if at := bytes.Index(content, []byte(form)); at >= 0 {
					t.Errorf("%s holds the %s, after %q", name, what, content[max(0, at-120):at])
				}
			}
		}
	}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, "certificate.pem") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		look(path, content)
		packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return nil //nolint:nilerr // it is none
		}
		for _, file := range packed.File {
			reader, err := file.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(reader)
			if err != nil {
				return err
			}
			look(path+" "+file.Name, content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return looked
}

// packed puts a certificate and its key into a file with a password, as PKCS#12.
func packed(t *testing.T, folder, password string) bool {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("there is no openssl: nobody signs in with a certificate that has a password; one that is wrong is tried")
		return false
	}
	command := exec.Command(openssl, "pkcs12", "-export", "-in", "certificate.pem", "-inkey", "certificate.pem", "-out", "certificate.pfx",
		"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-passout", "env:PACKED")
	command.Dir, command.Env = folder, append(os.Environ(), "PACKED="+password)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, output)
	}
	return true
}

// certificateOf is a certificate with its key.
func certificateOf(t *testing.T) (encoded string, parsed *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err = x509.ParseCertificate(content); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), parsed
}
