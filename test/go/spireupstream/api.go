package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Access is what a kubeconfig says; the CA is PEM.
type Access struct {
	URL   string `json:"url"`
	CA    string `json:"ca"`
	Token string `json:"token"`
}

type server struct {
	url    string
	token  string
	client *http.Client
}

func (a Access) open() (server, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM([]byte(a.CA)) {
		return server{}, errors.New("api.ca holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	return server{a.URL, a.Token, &http.Client{Transport: transport, Timeout: 30 * time.Second}}, nil
}

// ask sends in, where there is one, and reads the answer into out, where that is wanted.
func (s server) ask(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, complaint(text))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func complaint(text []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &status) == nil && status.Message != "" {
		return status.Message
	}
	return string(text)
}
