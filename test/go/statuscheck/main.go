// Statuscheck is Go's opinion of CRLs. It reads JSON from stdin, an array of cases, and writes an array of verdicts of the
// same length to stdout.
package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

// Case is a CRL and, where its signature is to be checked, the certificate of its issuer, both DER in standard base64.
type Case struct {
	CRL    []byte `json:"crl"`
	Issuer []byte `json:"issuer"`
}

// Entry is one revoked certificate; Reason is 0 where none is told.
type Entry struct {
	Serial     string `json:"serial"`
	RevokedAt  int64  `json:"revokedAt"`
	Reason     int    `json:"reason"`
	Extensions int    `json:"extensions"`
}

// Verdict holds Go's reading of the CRL; Error and Signature are empty when all is well.
type Verdict struct {
	Error          string   `json:"error"`
	Signature      string   `json:"signature"`
	Issuer         string   `json:"issuer"`
	Number         string   `json:"number"`
	ThisUpdate     int64    `json:"thisUpdate"`
	NextUpdate     int64    `json:"nextUpdate"`
	AuthorityKeyID string   `json:"authorityKeyId"`
	Extensions     []string `json:"extensions"`
	Critical       int      `json:"critical"`
	Revoked        []Entry  `json:"revoked"`
}

func judge(c Case) Verdict {
	list, err := x509.ParseRevocationList(c.CRL)
	if err != nil {
		return Verdict{Error: err.Error()}
	}
	v := Verdict{
		Issuer:         hex.EncodeToString(list.RawIssuer),
		ThisUpdate:     list.ThisUpdate.Unix(),
		NextUpdate:     list.NextUpdate.Unix(),
		AuthorityKeyID: hex.EncodeToString(list.AuthorityKeyId),
		Revoked:        []Entry{},
	}
	if list.Number != nil {
		v.Number = list.Number.String()
	}
	for _, extension := range list.Extensions {
		v.Extensions = append(v.Extensions, extension.Id.String())
		if extension.Critical {
			v.Critical++
		}
	}
	for _, entry := range list.RevokedCertificateEntries {
		v.Revoked = append(v.Revoked, Entry{
			Serial:     entry.SerialNumber.String(),
			RevokedAt:  entry.RevocationTime.Unix(),
			Reason:     entry.ReasonCode,
			Extensions: len(entry.Extensions),
		})
	}
	if c.Issuer != nil {
		issuer, err := x509.ParseCertificate(c.Issuer)
		if err == nil {
			err = list.CheckSignatureFrom(issuer)
		}
		if err != nil {
			v.Signature = err.Error()
		}
	}
	return v
}

func main() {
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, "statuscheck:", err)
		os.Exit(2)
	}
	verdicts := make([]Verdict, len(cases))
	for i, c := range cases {
		verdicts[i] = judge(c)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fmt.Fprintln(os.Stderr, "statuscheck:", err)
		os.Exit(2)
	}
}
