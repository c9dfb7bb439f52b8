// Ocspcheck is Go's opinion of OCSP requests and responses. It reads JSON from stdin, an array of cases, and writes an array
// of verdicts of the same length to stdout.
package main

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Case is a request, or a response with the certificate it tells of and that of its issuer. All are DER in standard base64.
type Case struct {
	Request     []byte `json:"request"`
	Response    []byte `json:"response"`
	Certificate []byte `json:"certificate"`
	Issuer      []byte `json:"issuer"`
}

// Verdict holds Go's reading, of a request that of its first question; Error is empty when all is well. Times are seconds since
// the epoch, 0 where there is none.
type Verdict struct {
	Error          string `json:"error"`
	Serial         string `json:"serial"`
	Hash           string `json:"hash"`
	IssuerNameHash string `json:"issuerNameHash"`
	IssuerKeyHash  string `json:"issuerKeyHash"`
	Status         int    `json:"status"`
	Reason         int    `json:"reason"`
	RevokedAt      int64  `json:"revokedAt"`
	ProducedAt     int64  `json:"producedAt"`
	ThisUpdate     int64  `json:"thisUpdate"`
	NextUpdate     int64  `json:"nextUpdate"`
	KeyHash        string `json:"keyHash"`
	Algorithm      string `json:"algorithm"`
}

func seconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

func judgeRequest(der []byte) Verdict {
	request, err := ocsp.ParseRequest(der)
	if err != nil {
		return Verdict{Error: err.Error()}
	}
	return Verdict{
		Serial:         request.SerialNumber.String(),
		Hash:           request.HashAlgorithm.String(),
		IssuerNameHash: hex.EncodeToString(request.IssuerNameHash),
		IssuerKeyHash:  hex.EncodeToString(request.IssuerKeyHash),
	}
}

func judgeResponse(c Case) Verdict {
	certificate, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return Verdict{Error: "certificate: " + err.Error()}
	}
	issuer, err := x509.ParseCertificate(c.Issuer)
	if err != nil {
		return Verdict{Error: "issuer: " + err.Error()}
	}
	response, err := ocsp.ParseResponseForCert(c.Response, certificate, issuer)
	if err != nil {
		return Verdict{Error: err.Error()}
	}
	return Verdict{
		Serial:     response.SerialNumber.String(),
		Hash:       response.IssuerHash.String(),
		Status:     response.Status,
		Reason:     response.RevocationReason,
		RevokedAt:  seconds(response.RevokedAt),
		ProducedAt: seconds(response.ProducedAt),
		ThisUpdate: seconds(response.ThisUpdate),
		NextUpdate: seconds(response.NextUpdate),
		KeyHash:    hex.EncodeToString(response.ResponderKeyHash),
		Algorithm:  response.SignatureAlgorithm.String(),
	}
}

func main() {
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, "ocspcheck:", err)
		os.Exit(2)
	}
	verdicts := make([]Verdict, len(cases))
	for i, c := range cases {
		if c.Request != nil {
			verdicts[i] = judgeRequest(c.Request)
		} else {
			verdicts[i] = judgeResponse(c)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fmt.Fprintln(os.Stderr, "ocspcheck:", err)
		os.Exit(2)
	}
}
