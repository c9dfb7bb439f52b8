// Certcheck is Go's opinion of certificates. It reads JSON from stdin, an array of cases, and writes an array of
// verdicts of the same length to stdout.
package main

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Case is a leaf with what it shall be verified to. Certificates are DER in standard base64.
type Case struct {
	Leaf          []byte   `json:"leaf"`
	Intermediates [][]byte `json:"intermediates"`
	Roots         [][]byte `json:"roots"`
	// Now is seconds since the epoch.
	Now int64 `json:"now"`
	// Request is what the leaf was asked for with, PKCS#10; it may be left out.
	Request []byte `json:"request"`
}

// Verdict holds Go's reading of the leaf; Error and Verify are empty when all is well.
type Verdict struct {
	Error              string            `json:"error"`
	Verify             map[string]string `json:"verify"`
	Serial             string            `json:"serial"`
	Issuer             string            `json:"issuer"`
	Subject            string            `json:"subject"`
	NotBefore          int64             `json:"notBefore"`
	NotAfter           int64             `json:"notAfter"`
	URIs               []string          `json:"uris"`
	DNS                []string          `json:"dns"`
	KeyUsage           int               `json:"keyUsage"`
	ExtKeyUsage        []int             `json:"extKeyUsage"`
	IsCA               bool              `json:"isCA"`
	BasicConstraints   bool              `json:"basicConstraints"`
	SubjectKeyID       string            `json:"subjectKeyId"`
	AuthorityKeyID     string            `json:"authorityKeyId"`
	SignatureAlgorithm string            `json:"signatureAlgorithm"`
	PublicKeyAlgorithm string            `json:"publicKeyAlgorithm"`
	SPKI               []byte            `json:"spki"`
	CriticalUnknown    int               `json:"criticalUnknown"`
	IPs                []string          `json:"ips"`
	Emails             []string          `json:"emails"`
	SANCritical        bool              `json:"sanCritical"`
	CRLs               []string          `json:"crls"`
	OCSP               []string          `json:"ocsp"`
	CAIssuers          []string          `json:"caIssuers"`

	// MaxPathLen is -1 where there is no bound.
	MaxPathLen int `json:"maxPathLen"`
	// Copied says which parts of the request stand in the leaf octet for octet.
	Copied map[string]bool `json:"copied"`
}

func pool(ders [][]byte) (*x509.CertPool, error) {
	certificates := x509.NewCertPool()
	for _, der := range ders {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certificates.AddCert(certificate)
	}
	return certificates, nil
}

func verify(leaf *x509.Certificate, c Case, usage x509.ExtKeyUsage) string {
	intermediates, err := pool(c.Intermediates)
	if err != nil {
		return err.Error()
	}
	roots, err := pool(c.Roots)
	if err != nil {
		return err.Error()
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Intermediates: intermediates,
		Roots:         roots,
		CurrentTime:   time.Unix(c.Now, 0),
		KeyUsages:     []x509.ExtKeyUsage{usage},
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

var (
	subjectAltName  = asn1.ObjectIdentifier{2, 5, 29, 17}
	nameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
)

func find(id asn1.ObjectIdentifier, extensions []pkix.Extension) pkix.Extension {
	for _, extension := range extensions {
		if extension.Id.Equal(id) {
			return extension
		}
	}
	return pkix.Extension{}
}

func copied(leaf *x509.Certificate, request []byte) (map[string]bool, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return nil, err
	}
	same := func(id asn1.ObjectIdentifier) bool {
		return bytes.Equal(find(id, leaf.Extensions).Value, find(id, csr.Extensions).Value)
	}
	return map[string]bool{
		"subject":     bytes.Equal(leaf.RawSubject, csr.RawSubject),
		"names":       same(subjectAltName),
		"constraints": same(nameConstraints),
		"key":         bytes.Equal(leaf.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo),
	}, nil
}

func judge(c Case) Verdict {
	leaf, err := x509.ParseCertificate(c.Leaf)
	if err != nil {
		return Verdict{Error: err.Error()}
	}
	v := Verdict{
		Verify:             map[string]string{},
		Serial:             hex.EncodeToString(leaf.SerialNumber.Bytes()),
		Issuer:             leaf.Issuer.String(),
		Subject:            leaf.Subject.String(),
		NotBefore:          leaf.NotBefore.Unix(),
		NotAfter:           leaf.NotAfter.Unix(),
		DNS:                leaf.DNSNames,
		KeyUsage:           int(leaf.KeyUsage),
		IsCA:               leaf.IsCA,
		BasicConstraints:   leaf.BasicConstraintsValid,
		SubjectKeyID:       hex.EncodeToString(leaf.SubjectKeyId),
		AuthorityKeyID:     hex.EncodeToString(leaf.AuthorityKeyId),
		SignatureAlgorithm: leaf.SignatureAlgorithm.String(),
		PublicKeyAlgorithm: leaf.PublicKeyAlgorithm.String(),
		SPKI:               leaf.RawSubjectPublicKeyInfo,
		CriticalUnknown:    len(leaf.UnhandledCriticalExtensions),
		Emails:             leaf.EmailAddresses,
		SANCritical:        find(subjectAltName, leaf.Extensions).Critical,
		MaxPathLen:         leaf.MaxPathLen,
		CRLs:               leaf.CRLDistributionPoints,
		OCSP:               leaf.OCSPServer,
		CAIssuers:          leaf.IssuingCertificateURL,
	}
	if c.Request != nil {
		if v.Copied, err = copied(leaf, c.Request); err != nil {
			return Verdict{Error: "request: " + err.Error()}
		}
	}
	for _, address := range leaf.IPAddresses {
		v.IPs = append(v.IPs, address.String())
	}
	for _, uri := range leaf.URIs {
		v.URIs = append(v.URIs, uri.String())
	}
	for _, usage := range leaf.ExtKeyUsage {
		v.ExtKeyUsage = append(v.ExtKeyUsage, int(usage))
	}
	if len(c.Roots) > 0 {
		v.Verify["serverAuth"] = verify(leaf, c, x509.ExtKeyUsageServerAuth)
		v.Verify["clientAuth"] = verify(leaf, c, x509.ExtKeyUsageClientAuth)
	}
	return v
}

func main() {
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, "certcheck:", err)
		os.Exit(2)
	}
	verdicts := make([]Verdict, len(cases))
	for i, c := range cases {
		verdicts[i] = judge(c)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fmt.Fprintln(os.Stderr, "certcheck:", err)
		os.Exit(2)
	}
}
