// csrmake writes requests as Go programs make them, in PEM on standard output: for each key type one as Istio's agent
// has it (a subject of one empty organization, a critical SAN written by hand), one with every kind of name, and one
// with nothing at all. The keys live as long as the program.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"log"
	"net"
	"net/url"
	"os"
)

const id = "spiffe://cluster.local/ns/demo/sa/web"

func main() {
	for _, key := range keys() {
		for _, template := range templates() {
			der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
			if err != nil {
				log.Fatal(err)
			}
			if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}); err != nil {
				log.Fatal(err)
			}
		}
	}
}

func keys() []crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	signers := []crypto.Signer{r}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			log.Fatal(err)
		}
		signers = append(signers, key)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return append(signers, e)
}

func templates() []*x509.CertificateRequest {
	uri, err := url.Parse(id)
	if err != nil {
		log.Fatal(err)
	}
	san, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(id)}})
	if err != nil {
		log.Fatal(err)
	}
	return []*x509.CertificateRequest{
		{
			Subject:         pkix.Name{Organization: []string{""}},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: san}},
		},
		{
			Subject:        pkix.Name{CommonName: "web", Organization: []string{"Démo"}},
			DNSNames:       []string{"web"},
			IPAddresses:    []net.IP{net.IPv4(10, 0, 0, 1), net.ParseIP("2001:db8::1")},
			EmailAddresses: []string{"a@b.example"},
			URIs:           []*url.URL{uri},
		},
		{},
	}
}
