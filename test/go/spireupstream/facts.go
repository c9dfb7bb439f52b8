package main

import (
	"crypto/x509"
	"encoding/hex"
)

// Facts are of the intermediate.
type Facts struct {
	Subject     string   `json:"subject"`
	URIs        []string `json:"uris"`
	KeyUsage    []string `json:"keyUsage"`
	ExtKeyUsage int      `json:"extKeyUsage"`
	// -1 where there is no limit.
	PathLen        int    `json:"pathLen"`
	NotBefore      int64  `json:"notBefore"`
	NotAfter       int64  `json:"notAfter"`
	SubjectKeyID   string `json:"subjectKeyId"`
	AuthorityKeyID string `json:"authorityKeyId"`
}

var keyUsages = []struct {
	bit  x509.KeyUsage
	name string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "contentCommitment"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
	{x509.KeyUsageKeyAgreement, "keyAgreement"},
	{x509.KeyUsageCertSign, "keyCertSign"},
	{x509.KeyUsageCRLSign, "cRLSign"},
	{x509.KeyUsageEncipherOnly, "encipherOnly"},
	{x509.KeyUsageDecipherOnly, "decipherOnly"},
}

func factsOf(certificate *x509.Certificate) *Facts {
	facts := &Facts{
		Subject:        certificate.Subject.String(),
		URIs:           []string{},
		KeyUsage:       []string{},
		ExtKeyUsage:    len(certificate.ExtKeyUsage) + len(certificate.UnknownExtKeyUsage),
		PathLen:        certificate.MaxPathLen,
		NotBefore:      certificate.NotBefore.Unix(),
		NotAfter:       certificate.NotAfter.Unix(),
		SubjectKeyID:   hex.EncodeToString(certificate.SubjectKeyId),
		AuthorityKeyID: hex.EncodeToString(certificate.AuthorityKeyId),
	}
	for _, uri := range certificate.URIs {
		facts.URIs = append(facts.URIs, uri.String())
	}
	for _, usage := range keyUsages {
		if certificate.KeyUsage&usage.bit != 0 {
			facts.KeyUsage = append(facts.KeyUsage, usage.name)
		}
	}
	return facts
}
