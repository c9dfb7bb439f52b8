package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Issuer is spec.issuerRef.
type Issuer struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Group string `json:"group"`
}

type meta struct {
	Name         string            `json:"name,omitempty"`
	GenerateName string            `json:"generateName,omitempty"`
	Namespace    string            `json:"namespace"`
	Labels       map[string]string `json:"labels,omitempty"`
}

type spec struct {
	// As Go writes a duration.
	Duration string   `json:"duration"`
	Issuer   Issuer   `json:"issuerRef"`
	Request  []byte   `json:"request"`
	IsCA     bool     `json:"isCA"`
	Usages   []string `json:"usages"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type status struct {
	Conditions  []condition `json:"conditions,omitempty"`
	Certificate []byte      `json:"certificate,omitempty"`
	CA          []byte      `json:"ca,omitempty"`
}

type certificateRequest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Meta       meta   `json:"metadata"`
	Spec       spec   `json:"spec"`
	Status     status `json:"status"`
}

func (s status) isOver() bool {
	for _, end := range []condition{
		{Type: "Denied", Status: "True"},
		{Type: "Ready", Status: "True"},
		{Type: "Ready", Status: "False", Reason: "Failed"},
	} {
		if _, found := s.find(end.Type, end.Status, end.Reason); found {
			return true
		}
	}
	return false
}

// find looks for a condition; without a reason any reason will do.
func (s status) find(kind, value, reason string) (condition, bool) {
	for _, each := range s.Conditions {
		if each.Type == kind && each.Status == value && (reason == "" || each.Reason == reason) {
			return each, true
		}
	}
	return condition{}, false
}

// certificatesOf reads PEM that must hold certificates, at least one, and no other block.
func certificatesOf(text []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a block of it is a %s", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errors.New("it is no PEM")
	}
	return certificates, nil
}
