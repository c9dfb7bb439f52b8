package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// authority is a SPIRE server once its CA is minted.
type authority struct {
	trustDomain spiffeid.TrustDomain
	key         crypto.Signer
	// Its own certificate first.
	chain []*x509.Certificate
	roots []*x509.Certificate
}

// judge holds an upstream's answer against all that SPIRE demands of it before it uses it.
func (a authority) judge() error {
	if err := judgeCertificate(a.chain[0], a.trustDomain); err != nil {
		return err
	}
	key, err := newKey("ec-p256")
	if err != nil {
		return err
	}
	id, err := spiffeid.FromPath(a.trustDomain, "/spire/throwaway")
	if err != nil {
		return err
	}
	throwaway, err := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    a.chain[0].NotBefore,
		NotAfter:     a.chain[0].NotAfter,
		URIs:         []*url.URL{id.URL()},
	}, key.Public())
	if err != nil {
		return fmt.Errorf("it signs nothing: %w", err)
	}
	roots := x509bundle.FromX509Authorities(a.trustDomain, a.roots)
	if _, _, err := x509svid.Verify(a.below(throwaway), roots); err != nil {
		return fmt.Errorf("an SVID below it: %w", err)
	}
	return nil
}

func judgeCertificate(certificate *x509.Certificate, trustDomain spiffeid.TrustDomain) error {
	const allowed = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	now := time.Now()
	switch {
	case !certificate.BasicConstraintsValid:
		return errors.New("it has no valid basicConstraints")
	case !certificate.IsCA:
		return errors.New("it is no CA")
	case certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("its keyUsage has no keyCertSign")
	case certificate.KeyUsage&^allowed != 0:
		return errors.New("its keyUsage has more than keyCertSign, cRLSign and digitalSignature")
	case len(certificate.URIs) > 1:
		return fmt.Errorf("it has %d URIs", len(certificate.URIs))
	case len(certificate.URIs) == 1 && certificate.URIs[0].String() != trustDomain.IDString():
		return fmt.Errorf("its URI is %s, not %s", certificate.URIs[0], trustDomain.IDString())
	case now.Before(certificate.NotBefore):
		return fmt.Errorf("it is not valid until %s", certificate.NotBefore)
	case now.After(certificate.NotAfter):
		return fmt.Errorf("it expired at %s", certificate.NotAfter)
	}
	return nil
}

// bundle is what agents get of the roots: each once, through PEM and back.
func (a authority) bundle() (*x509bundle.Bundle, error) {
	bundle := x509bundle.New(a.trustDomain)
	for _, root := range a.roots {
		bundle.AddX509Authority(root)
	}
	text, err := bundle.Marshal()
	if err != nil {
		return nil, err
	}
	return x509bundle.Parse(a.trustDomain, text)
}

// serveWorkload signs an SVID as SPIRE does for a workload, reads it as the workload does and verifies it as its peers do.
func (a authority) serveWorkload(path string, bundle *x509bundle.Bundle) (spiffeid.ID, [][]*x509.Certificate, error) {
	none := spiffeid.ID{}
	id, err := spiffeid.FromPath(a.trustDomain, path)
	if err != nil {
		return none, nil, err
	}
	key, err := newKey("ec-p256")
	if err != nil {
		return none, nil, err
	}
	template, err := a.template(id, time.Hour)
	if err != nil {
		return none, nil, err
	}
	template.Subject = pkix.Name{Country: []string{"US"}, Organization: []string{"SPIRE"}}
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf, err := a.sign(template, key.Public())
	if err != nil {
		return none, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return none, nil, err
	}
	var chain bytes.Buffer
	for _, certificate := range a.below(leaf) {
		chain.Write(certificate.Raw)
	}
	svid, err := x509svid.ParseRaw(chain.Bytes(), pkcs8)
	if err != nil {
		return none, nil, err
	}
	return x509svid.Verify(svid.Certificates, bundle)
}

// serveNested is what a SPIRE server below this one goes through: its CA from here, judged there, and an SVID under it.
func (a authority) serveNested(bundle *x509bundle.Bundle) error {
	key, err := newKey("ec-p256")
	if err != nil {
		return err
	}
	template, err := a.template(a.trustDomain.ID(), 24*time.Hour)
	if err != nil {
		return err
	}
	template.Subject = a.chain[0].Subject
	template.Subject.OrganizationalUnit = []string{fmt.Sprintf("DOWNSTREAM-%d", len(a.chain))}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.IsCA = true
	certificate, err := a.sign(template, key.Public())
	if err != nil {
		return err
	}
	nested := authority{a.trustDomain, key, a.below(certificate), a.roots}
	if err := nested.judge(); err != nil {
		return err
	}
	_, _, err = nested.serveWorkload("/ns/demo/sa/nested", bundle)
	return err
}

// template is what all certificates of SPIRE have in common; none outlives its issuer.
func (a authority) template(id spiffeid.ID, life time.Duration) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	end := now.Add(life)
	if end.After(a.chain[0].NotAfter) {
		end = a.chain[0].NotAfter
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		URIs:                  []*url.URL{id.URL()},
		NotBefore:             now.Add(-10 * time.Second),
		NotAfter:              end,
		BasicConstraintsValid: true,
	}, nil
}

func (a authority) sign(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.chain[0], public, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// below is the chain of a certificate that this authority signed.
func (a authority) below(certificate *x509.Certificate) []*x509.Certificate {
	return append([]*x509.Certificate{certificate}, a.chain...)
}
