// Istioclient asks an Istio CA for certificates the way the mesh's agents do: gRPC-Go over TLS, with the versions,
// suites and groups of one agent mode. It prints one JSON object, or, of agents, a list with one for each.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	securityapi "istio.io/api/security/v1alpha1"
)

type multi []string

func (m *multi) String() string     { return strings.Join(*m, ",") }
func (m *multi) Set(v string) error { *m = append(*m, v); return nil }

// Answer is one call's outcome.
type Answer struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Chain   []string `json:"chain,omitempty"`
}

// Report is what the program prints.
type Report struct {
	Answers []Answer `json:"answers"`
	Version string   `json:"version"`
	Suite   string   `json:"suite"`
	Resumed bool     `json:"resumed"`
	Ms      int64    `json:"ms"`
}

func suites(mode string) *tls.Config {
	gcm := []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	}
	switch mode {
	case "default":
		return &tls.Config{MinVersion: tls.VersionTLS12}
	case "fips-140-2":
		return &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: gcm, CurvePreferences: []tls.CurveID{tls.CurveP256}}
	case "fips-140-3":
		return &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: gcm, CurvePreferences: []tls.CurveID{tls.CurveP256, tls.CurveP384}}
	case "pqc":
		return &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}
	case "p256":
		return &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP256}}
	case "x25519":
		return &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}}
	case "p384":
		return &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP384}}
	case "tls11":
		return &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	}
	return nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	var headers multi
	address := flag.String("address", "", "host:port")
	mode := flag.String("mode", "default", "default, fips-140-2, fips-140-3, pqc, x25519, p256, p384, tls11")
	roots := flag.String("roots", "", "PEM file of the roots that the server must chain to")
	name := flag.String("server-name", "localhost", "name to expect of the server")
	cert := flag.String("cert", "", "PEM file of a client certificate chain")
	key := flag.String("key", "", "PEM file of its key")
	csr := flag.String("csr", "", "PEM file of the request")
	ttl := flag.Int64("ttl", 3600, "validity_duration")
	n := flag.Int("n", 1, "calls")
	concurrency := flag.Int("concurrency", 1, "calls at once")
	connections := flag.Int("connections", 1, "connections; calls are spread over them")
	pingEvery := flag.Duration("ping", 0, "keepalive ping interval; gRPC-Go allows 10s and more")
	timeout := flag.Duration("timeout", 0, "deadline of each call; 0 is none, as the agents do it")
	agents := flag.String("agents", "", "JSON file of agents that ask with keys, connections and retries of their own")
	within := flag.Duration("within", 25*time.Second, "how long agents try")
	rounds := flag.Int("rounds", 0, "how often an agent begins anew; 0 is without end")
	keep := flag.Bool("keep", false, "agents keep their connections until all are done")
	flag.Var(&headers, "header", "name=value, repeatable")
	flag.Parse()

	config := suites(*mode)
	if config == nil {
		fatal(errors.New("unknown mode"))
	}
	bundle, err := os.ReadFile(*roots)
	if err != nil {
		fatal(err)
	}
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(bundle)
	config.ServerName = *name
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			fatal(err)
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	if *agents != "" {
		if err := runAgents(*agents, course{address: *address, config: config, within: *within, rounds: *rounds, keep: *keep}); err != nil {
			fatal(err)
		}
		return
	}
	request := &securityapi.IstioCertificateRequest{ValidityDuration: *ttl, Metadata: &structpb.Struct{
		Fields: map[string]*structpb.Value{"CertSigner": structpb.NewStringValue("")},
	}}
	if *csr != "" {
		pem, err := os.ReadFile(*csr)
		if err != nil {
			fatal(err)
		}
		request.Csr = string(pem)
	}

	options := []grpc.DialOption{grpc.WithTransportCredentials(credentials.NewTLS(config))}
	if *pingEvery > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: *pingEvery, Timeout: 10 * time.Second}))
	}
	clients := make([]securityapi.IstioCertificateServiceClient, *connections)
	for i := range clients {
		connection, err := grpc.NewClient(*address, options...)
		if err != nil {
			fatal(err)
		}
		defer connection.Close()
		clients[i] = securityapi.NewIstioCertificateServiceClient(connection)
	}

	report := Report{Answers: make([]Answer, *n)}
	began := time.Now()
	var once sync.Once
	var group sync.WaitGroup
	places := make(chan struct{}, *concurrency)
	for i := range report.Answers {
		group.Add(1)
		places <- struct{}{}
		go func() {
			defer func() { <-places; group.Done() }()
			ctx := context.Background()
			if *timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, *timeout)
				defer cancel()
			}
			for _, header := range headers {
				k, v, _ := strings.Cut(header, "=")
				ctx = metadata.AppendToOutgoingContext(ctx, k, v)
			}
			var from peer.Peer
			response, err := clients[i%len(clients)].CreateCertificate(ctx, request, grpc.Peer(&from))
			report.Answers[i] = Answer{Code: status.Code(err).String(), Message: status.Convert(err).Message()}
			if status.Code(err) == codes.OK {
				report.Answers[i].Chain = response.CertChain
			}
			if info, ok := from.AuthInfo.(credentials.TLSInfo); ok {
				once.Do(func() {
					report.Version = tls.VersionName(info.State.Version)
					report.Suite = tls.CipherSuiteName(info.State.CipherSuite)
					report.Resumed = info.State.DidResume
				})
			}
		}()
	}
	group.Wait()
	report.Ms = time.Since(began).Milliseconds()
	json.NewEncoder(os.Stdout).Encode(report)
}
