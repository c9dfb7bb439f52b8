package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	securityapi "istio.io/api/security/v1alpha1"
)

// Agent is one who wants a certificate.
type Agent struct {
	Identity string `json:"identity"`
	Token    string `json:"token"`
	Key      string `json:"key"`
	TTL      int64  `json:"ttl"`
}

// Outcome is what became of an agent.
type Outcome struct {
	// Every answer on the wire, in order.
	Codes   []string `json:"codes"`
	Message string   `json:"message"`
	// How often it began anew, with a connection of its own.
	Rounds int `json:"rounds"`
	// Why the certificate that it got is of no use to it.
	Problem string `json:"problem"`
	Serial  string `json:"serial"`
	Sha256  string `json:"sha256"`
}

// The agent's own ways (contract Istio, 3.6): five attempts within one request, and above it, at start, for ever.
const (
	attempts   = 5
	firstWait  = 100 * time.Millisecond
	firstPause = 500 * time.Millisecond
	lastPause  = 60 * time.Second
)

var retried = []codes.Code{
	codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unavailable,
}

// runAgents lets all of them begin at once; those that are not done after `within` give up, and so do all after `rounds`.
func runAgents(file, address string, config *tls.Config, within time.Duration, rounds int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var agents []Agent
	if err := json.Unmarshal(text, &agents); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	outcomes := make([]Outcome, len(agents))
	var group sync.WaitGroup
	for i, agent := range agents {
		group.Add(1)
		go func() {
			defer group.Done()
			outcomes[i] = agent.run(ctx, address, config, rounds)
		}()
	}
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(outcomes)
}

func (a Agent) run(ctx context.Context, address string, config *tls.Config, rounds int) (outcome Outcome) {
	outcome.Codes = []string{}
	key, err := newKey(a.Key)
	if err != nil {
		fatal(err)
	}
	csr, err := agentCSR(key, a.Identity)
	if err != nil {
		fatal(err)
	}
	pause := firstPause
	for {
		outcome.Rounds++
		chain, err := a.ask(ctx, address, config, csr, &outcome)
		if err == nil {
			leaf, err := checked(chain, key, a.Identity)
			if err != nil {
				outcome.Problem = err.Error()
				return
			}
			digest := sha256.Sum256(leaf.Raw)
			outcome.Sha256 = hex.EncodeToString(digest[:])
			outcome.Serial = fmt.Sprintf("%x", leaf.SerialNumber)
			return
		}
		outcome.Message = status.Convert(err).Message()
		if outcome.Rounds == rounds {
			return
		}
		select {
		case <-ctx.Done():
			outcome.Problem = "not done in time: " + err.Error()
			return
		case <-time.After(time.Duration(float64(pause) * (0.5 + rand.Float64()))):
		}
		pause = min(pause*3/2, lastPause)
	}
}

// ask is one request with its retries, on a connection that is closed after it.
func (a Agent) ask(ctx context.Context, address string, config *tls.Config, csr string, outcome *Outcome) ([]string, error) {
	note := func(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		err := invoke(ctx, method, request, reply, connection, options...)
		outcome.Codes = append(outcome.Codes, status.Code(err).String())
		return err
	}
	retrying := retry.UnaryClientInterceptor(
		retry.WithMax(attempts),
		retry.WithBackoff(retry.BackoffExponentialWithJitter(firstWait, 0.1)),
		retry.WithCodes(retried...),
	)
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials.NewTLS(config.Clone())),
		grpc.WithChainUnaryInterceptor(retrying, note))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "clusterid", "Kubernetes")
	if a.Token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+a.Token)
	}
	response, err := securityapi.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx,
		&securityapi.IstioCertificateRequest{Csr: csr, ValidityDuration: a.TTL, Metadata: &structpb.Struct{
			Fields: map[string]*structpb.Value{"CertSigner": structpb.NewStringValue("")},
		}})
	return response.GetCertChain(), err
}
