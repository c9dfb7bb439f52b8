package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Subject is ca_subject.
type Subject struct {
	Country      []string `json:"country"`
	Organization []string `json:"organization"`
	CommonName   string   `json:"commonName"`
}

func newKey(kind string) (crypto.Signer, error) {
	switch kind {
	case "ec-p256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ec-p384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "rsa-2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "rsa-4096":
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("ca_key_type %q is not one of ec-p256, ec-p384, rsa-2048, rsa-4096", kind)
}

// newCSR asks for the trust domain's own ID and for a subject. That it is for a CA stands nowhere in it.
func newCSR(key crypto.Signer, trustDomain spiffeid.TrustDomain, wanted Subject) ([]byte, error) {
	subject := pkix.Name{Country: wanted.Country, Organization: wanted.Organization, CommonName: wanted.CommonName}
	if subject.String() == "" {
		subject = pkix.Name{Country: []string{"US"}, Organization: []string{"SPIFFE"}}
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	subject.SerialNumber = serial.String()
	template := &x509.CertificateRequest{Subject: subject, URIs: []*url.URL{trustDomain.ID().URL()}}
	return x509.CreateCertificateRequest(rand.Reader, template, key)
}

// newSerial draws from 1 to 2^128-1.
func newSerial() (*big.Int, error) {
	one := big.NewInt(1)
	limit := new(big.Int).Lsh(one, 128)
	serial, err := rand.Int(rand.Reader, limit.Sub(limit, one))
	if err != nil {
		return nil, err
	}
	return serial.Add(serial, one), nil
}
