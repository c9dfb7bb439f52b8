package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const (
	trustDomainLabel = "cert-manager.spiffe.io/trust-domain"
	pollEvery        = 250 * time.Millisecond
	pollsAtMost      = 300
	defaultSeconds   = 24 * 60 * 60
)

// plugin is the part that runs in the plugin; all else is the server's.
type plugin struct {
	api   server
	order Order
}

func (p plugin) collection() string {
	return "/apis/cert-manager.io/v1/namespaces/" + url.PathEscape(p.order.Namespace) + "/certificaterequests"
}

// mint returns status.certificate and status.ca of a request of its own, and sweeps however it ends.
func (p plugin) mint(csr []byte, o *Outcome) (chain, roots []*x509.Certificate, err error) {
	defer func() {
		if failed := p.sweep(o); failed != nil {
			o.Unswept = failed.Error()
		}
	}()
	o.Stage = "create"
	start := time.Now()
	var request certificateRequest
	if err := p.api.ask("POST", p.collection(), p.newRequest(csr), &request); err != nil {
		return nil, nil, err
	}
	o.Name = request.Meta.Name
	o.Stage = "wait"
	answer, err := p.wait(request.Meta.Name, o)
	o.Ms = time.Since(start).Milliseconds()
	if err != nil {
		return nil, nil, err
	}
	o.Stage = "answer"
	if chain, err = certificatesOf(answer.Certificate); err != nil {
		return nil, nil, fmt.Errorf("status.certificate: %w", err)
	}
	if len(answer.CA) == 0 {
		return nil, nil, errors.New("status.ca is empty: there are no upstream roots")
	}
	if roots, err = certificatesOf(answer.CA); err != nil {
		return nil, nil, fmt.Errorf("status.ca: %w", err)
	}
	return chain, roots, nil
}

func (p plugin) newRequest(csr []byte) certificateRequest {
	seconds := p.order.Seconds
	if seconds == 0 {
		seconds = defaultSeconds
	}
	return certificateRequest{
		APIVersion: "cert-manager.io/v1",
		Kind:       "CertificateRequest",
		Meta: meta{
			GenerateName: "spiffe-ca-",
			Namespace:    p.order.Namespace,
			Labels:       map[string]string{trustDomainLabel: p.order.TrustDomain},
		},
		Spec: spec{
			Duration: (time.Duration(seconds) * time.Second).String(),
			Issuer:   p.order.Issuer,
			Request:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
			IsCA:     true,
			Usages:   []string{"cert sign", "crl sign"},
		},
	}
}

// wait looks until the request has an end. A certificate is one, whatever Ready says; a refusal beside it comes first.
func (p plugin) wait(name string, o *Outcome) (status, error) {
	polls := p.order.Polls
	if polls == 0 {
		polls = pollsAtMost
	}
	for o.Polls < polls {
		time.Sleep(pollEvery)
		o.Polls++
		var request certificateRequest
		if err := p.api.ask("GET", p.collection()+"/"+url.PathEscape(name), nil, &request); err != nil {
			return status{}, err
		}
		if no, found := request.Status.find("Denied", "True", ""); found {
			return status{}, fmt.Errorf("the request was denied: %s: %s", no.Reason, no.Message)
		}
		if no, found := request.Status.find("Ready", "False", "Failed"); found {
			return status{}, fmt.Errorf("the request failed: %s", no.Message)
		}
		if len(request.Status.Certificate) > 0 {
			return request.Status, nil
		}
	}
	return status{}, fmt.Errorf("%d looks found no end", polls)
}

// sweep deletes what is over among the requests of this trust domain, whoever made them, and stops at the first trouble.
func (p plugin) sweep(o *Outcome) error {
	var list struct {
		Items []certificateRequest `json:"items"`
	}
	selector := url.QueryEscape(trustDomainLabel + "=" + p.order.TrustDomain)
	if err := p.api.ask("GET", p.collection()+"?labelSelector="+selector, nil, &list); err != nil {
		return err
	}
	for _, request := range list.Items {
		if !request.Status.isOver() {
			continue
		}
		if err := p.api.ask("DELETE", p.collection()+"/"+url.PathEscape(request.Meta.Name), nil, nil); err != nil {
			return err
		}
		o.Swept = append(o.Swept, request.Meta.Name)
	}
	return nil
}
