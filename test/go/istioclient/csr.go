package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

func newKey(kind string) (crypto.Signer, error) {
	switch kind {
	case "rsa:2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ec:P-256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ec:P-384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, errors.New("unknown kind of key")
}

// agentCSR is the request that an agent makes: a subject of one organization of no length, and one critical URI name.
func agentCSR(key crypto.Signer, identity string) (string, error) {
	san, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(identity)}})
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:         pkix.Name{Organization: []string{""}},
		ExtraExtensions: []pkix.Extension{{Id: subjectAltName, Critical: true, Value: san}},
	}, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// checked is the leaf of an answer that whoever asked with that key for that identity can use; otherwise why not.
func checked(chain []string, key crypto.Signer, identity string) (*x509.Certificate, error) {
	if len(chain) < 2 {
		return nil, fmt.Errorf("%d elements; an agent wants two", len(chain))
	}
	parsed := make([]*x509.Certificate, len(chain)-1)
	middle := x509.NewCertPool()
	for i, element := range chain[:len(chain)-1] {
		block, rest := pem.Decode([]byte(element))
		if block == nil || len(rest) > 0 {
			return nil, fmt.Errorf("element %d is not one certificate", i)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		parsed[i] = certificate
		if i > 0 {
			middle.AddCert(certificate)
		}
	}
	leaf := parsed[0]
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(chain[len(chain)-1])) {
		return nil, errors.New("the last element has no root")
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		options := x509.VerifyOptions{Roots: roots, Intermediates: middle, KeyUsages: []x509.ExtKeyUsage{usage}}
		if _, err := leaf.Verify(options); err != nil {
			return nil, err
		}
	}
	return leaf, fits(leaf, key, identity)
}

func fits(leaf *x509.Certificate, key crypto.Signer, identity string) error {
	own, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(key.Public()) {
		return errors.New("it is for another key")
	}
	others := len(leaf.DNSNames) + len(leaf.IPAddresses) + len(leaf.EmailAddresses)
	if len(leaf.URIs) != 1 || others > 0 || leaf.URIs[0].String() != identity {
		return fmt.Errorf("it is for %v and %d other names", leaf.URIs, others)
	}
	for _, extension := range leaf.Extensions {
		if extension.Id.Equal(subjectAltName) && extension.Critical {
			return nil
		}
	}
	return errors.New("its names are not critical, and its subject is empty")
}
