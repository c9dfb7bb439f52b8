// csrcheck judges PKCS#10 requests as Go's crypto/x509 sees them: one request in base64 per line on standard input,
// one verdict per line on standard output. A verdict is "refused", or "taken" and the names that were read, each
// with a tab before it.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		fmt.Fprintln(out, verdict(lines.Text()))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verdict(line string) string {
	der, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return "refused\tnot base64"
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return "refused\t" + err.Error()
	}
	if err := csr.CheckSignature(); err != nil {
		return "refused\t" + err.Error()
	}
	verdict := "taken"
	if csr.Subject.CommonName != "" {
		verdict += "\tcn:" + csr.Subject.CommonName
	}
	for _, uri := range writtenURIs(csr) {
		verdict += "\turi:" + uri
	}
	for _, name := range csr.DNSNames {
		verdict += "\tdns:" + name
	}
	for _, address := range csr.IPAddresses {
		verdict += "\tip:" + address.String()
	}
	for _, mailbox := range csr.EmailAddresses {
		verdict += "\temail:" + mailbox
	}
	return verdict
}

// writtenURIs are the octets of the URI names: csr.URIs would show them as Go writes URLs.
func writtenURIs(csr *x509.CertificateRequest) []string {
	var uris []string
	for _, extension := range csr.Extensions {
		if !extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			return []string{"unreadable"}
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == 6 {
				uris = append(uris, string(name.Bytes))
			}
		}
	}
	return uris
}
