package kubernetes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// files are the names of what a control plane is started with.
type files string

func (f files) path(name string) string { return filepath.Join(string(f), name) }

// makeCertificates writes an authority, a serving certificate for the addresses, a client certificate with which the API
// server asks kubelets, and the key of service accounts.
func (f files) makeCertificates(now time.Time, addresses ...net.IP) error {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	servingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serving := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost", "kubernetes.default.svc"}, IPAddresses: addresses,
	}
	askingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	asking := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "kube-apiserver-kubelet-client"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	accountsKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return errors.Join(
		f.writeCertificate("ca.crt", authority, authority, authorityKey, &authorityKey.PublicKey),
		f.writeCertificate("serving.crt", serving, authority, authorityKey, &servingKey.PublicKey),
		f.writeKey("serving.key", servingKey),
		f.writeCertificate("asking.crt", asking, authority, authorityKey, &askingKey.PublicKey),
		f.writeKey("asking.key", askingKey),
		f.writeKey("accounts.key", accountsKey),
	)
}

func (f files) writeCertificate(name string, of, by *x509.Certificate, key *ecdsa.PrivateKey, public *ecdsa.PublicKey) error {
	content, err := x509.CreateCertificate(rand.Reader, of, by, public, key)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}), 0o600)
}

func (f files) writeKey(name string, key *ecdsa.PrivateKey) error {
	content, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: content}), 0o600)
}
