package podscene

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	registrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the webhook of AKS workload identity reads and writes (azure-workload-identity.github.io, "Labels and annotations").
const (
	labelUse           = "azure.workload.identity/use"
	annotationSkip     = "azure.workload.identity/skip-containers"
	annotationClientID = "azure.workload.identity/client-id"
	annotationTenantID = "azure.workload.identity/tenant-id"
	tokenVolume        = "azure-identity-token"
	tokenFolder        = "/var/run/secrets/azure/tokens"
	tokenAudience      = "api://AzureADTokenExchange"
)

// The authorities of this cloud are no public ones, so its pods are told to trust them, as a company's webhook would.
const (
	authorities       = "authorities-of-this-cloud"
	authoritiesKey    = "authorities.pem"
	authoritiesFolder = "/var/run/authorities"
)

// startWebhook gives pods that ask for it their identity, as the webhook of AKS does.
func (s *Scene) startWebhook(ctx context.Context) error {
	certificate, trusted, err := servingCertificate(s.options.Address)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.options.Address, "0"))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(s.admit), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }() // until it is closed
	s.ends = append(s.ends, server.Close)
	name := "workload-identity-of-" + s.Namespace
	at := "https://" + listener.Addr().String() + "/"
	none, fail, always := registrationv1.SideEffectClassNone, registrationv1.Fail, registrationv1.IfNeededReinvocationPolicy
	_, err = s.Admin.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(ctx, &registrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []registrationv1.MutatingWebhook{{
			Name: "identity.mlops.test", SideEffects: &none, FailurePolicy: &fail, ReinvocationPolicy: &always,
			AdmissionReviewVersions: []string{"v1"}, ClientConfig: registrationv1.WebhookClientConfig{URL: &at, CABundle: trusted},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.Namespace}},
			ObjectSelector:    &metav1.LabelSelector{MatchLabels: map[string]string{labelUse: "true"}},
			Rules: []registrationv1.RuleWithOperations{{
				Operations: []registrationv1.OperationType{registrationv1.Create},
				Rule:       registrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}, metav1.CreateOptions{})
	if err == nil && s.cluster == nil {
		s.ends = append(s.ends, func() error {
			return s.Admin.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(context.Background(), name, metav1.DeleteOptions{})
		})
	}
	return err
}

// admit answers the API server's question about a pod.
func (s *Scene) admit(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, fmt.Sprintf("no review: %v", err), http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	patch, err := s.mutate(r.Context(), review.Request)
	if err != nil {
		review.Response.Allowed, review.Response.Result = false, &metav1.Status{Message: err.Error()}
	} else {
		kind := admissionv1.PatchTypeJSONPatch
		review.Response.Patch, review.Response.PatchType = patch, &kind
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review) // a client that has gone asks again
}

func (s *Scene) mutate(ctx context.Context, request *admissionv1.AdmissionRequest) ([]byte, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, err
	}
	account, err := s.Admin.CoreV1().ServiceAccounts(request.Namespace).Get(ctx, pod.Spec.ServiceAccountName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	tenant := account.Annotations[annotationTenantID]
	if tenant == "" {
		tenant = s.Cloud.Tenant
	}
	s.identify(&pod, account.Annotations[annotationClientID], tenant)
	return json.Marshal([]any{map[string]any{"op": "replace", "path": "/spec", "value": pod.Spec}})
}

// identify puts a token of the pod's service account, and what to do with it, into every container but those that are left out.
func (s *Scene) identify(pod *corev1.Pod, clientID, tenant string) {
	lives := int64(3600)
	pod.Spec.Volumes = append(pod.Spec.Volumes,
		corev1.Volume{Name: tokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
			ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: tokenAudience, ExpirationSeconds: &lives, Path: tokenVolume},
		}}}}},
		corev1.Volume{Name: authorities, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: authorities},
		}}},
	)
	skip := strings.Split(pod.Annotations[annotationSkip], ";")
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			of := &containers[i]
			if slices.Contains(skip, of.Name) {
				continue
			}
			of.Env = append(of.Env,
				corev1.EnvVar{Name: "AZURE_CLIENT_ID", Value: clientID}, corev1.EnvVar{Name: "AZURE_TENANT_ID", Value: tenant},
				corev1.EnvVar{Name: "AZURE_FEDERATED_TOKEN_FILE", Value: tokenFolder + "/" + tokenVolume},
				corev1.EnvVar{Name: "AZURE_AUTHORITY_HOST", Value: s.Cloud.URL + "/"},
				corev1.EnvVar{Name: "SSL_CERT_FILE", Value: authoritiesFolder + "/" + authoritiesKey},
			)
			of.VolumeMounts = append(of.VolumeMounts,
				corev1.VolumeMount{Name: tokenVolume, MountPath: tokenFolder, ReadOnly: true},
				corev1.VolumeMount{Name: authorities, MountPath: authoritiesFolder, ReadOnly: true},
			)
		}
	}
}

// servingCertificate signs itself, for an address.
func servingCertificate(address string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "workload-identity"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.ParseIP(address)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), nil
}
