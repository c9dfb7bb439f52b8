package main

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
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
	// Address of this machine to come from; empty is any.
	From string `json:"from"`

	key crypto.Signer
	csr string
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
	// From its beginning to the certificate in its hands.
	Ms float64 `json:"ms"`

	chain []string
}

// Course is how all agents go about it.
type course struct {
	address string
	config  *tls.Config
	within  time.Duration
	rounds  int
	// Connections stay open until all are done, as agents keep theirs.
	keep bool
	// Closed when all are done.
	over chan struct{}
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
// What each pod would do on a machine of its own, before it asks and after it is answered, is done before and after.
func runAgents(file string, c course) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var agents []Agent
	if err := json.Unmarshal(text, &agents); err != nil {
		return err
	}
	for i := range agents {
		if err := agents[i].prepare(); err != nil {
			return err
		}
	}
	c.config = judgingOnce(c.config)
	ctx, cancel := context.WithTimeout(context.Background(), c.within)
	defer cancel()
	outcomes := make([]Outcome, len(agents))
	var group sync.WaitGroup
	c.over = make(chan struct{})
	for i, agent := range agents {
		group.Add(1)
		go func() {
			defer group.Done()
			outcomes[i] = agent.run(ctx, c)
		}()
	}
	group.Wait()
	for i, agent := range agents {
		agent.judge(&outcomes[i])
	}
	close(c.over)
	return json.NewEncoder(os.Stdout).Encode(outcomes)
}

func (a *Agent) prepare() (err error) {
	if a.key, err = newKey(a.Key); err != nil {
		return err
	}
	a.csr, err = agentCSR(a.key, a.Identity)
	return err
}

func (a Agent) judge(outcome *Outcome) {
	if outcome.chain == nil {
		return
	}
	leaf, err := checked(outcome.chain, a.key, a.Identity)
	if err != nil {
		outcome.Problem = err.Error()
		return
	}
	digest := sha256.Sum256(leaf.Raw)
	outcome.Sha256 = hex.EncodeToString(digest[:])
	outcome.Serial = fmt.Sprintf("%x", leaf.SerialNumber)
}

// judgingOnce verifies a server's chain in full the first time that it is shown, and knows it again after that.
func judgingOnce(config *tls.Config) *tls.Config {
	var known sync.Map
	once := config.Clone()
	once.InsecureSkipVerify = true
	once.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0]
		if _, ok := known.Load(string(leaf.Raw)); ok {
			return nil
		}
		middle := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			middle.AddCert(certificate)
		}
		_, err := leaf.Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: middle, DNSName: config.ServerName})
		if err == nil {
			known.Store(string(leaf.Raw), true)
		}
		return err
	}
	return once
}

func (a Agent) run(ctx context.Context, c course) (outcome Outcome) {
	outcome.Codes = []string{}
	began := time.Now()
	pause := firstPause
	for {
		outcome.Rounds++
		connection, chain, err := a.ask(ctx, c, &outcome)
		if err == nil {
			outcome.Ms = float64(time.Since(began).Microseconds()) / 1000
			outcome.chain = chain
			c.leave(connection)
			return
		}
		if connection != nil {
			connection.Close()
		}
		outcome.Message = status.Convert(err).Message()
		if outcome.Rounds == c.rounds {
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

// leave closes a connection, at once or when everybody is done.
func (c course) leave(connection *grpc.ClientConn) {
	if !c.keep {
		connection.Close()
		return
	}
	go func() {
		<-c.over
		connection.Close()
	}()
}

// ask is one request with its retries, on a connection of its own.
func (a Agent) ask(ctx context.Context, c course, outcome *Outcome) (*grpc.ClientConn, []string, error) {
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
	dialer := net.Dialer{}
	if a.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(a.From)}
	}
	connection, err := grpc.NewClient("passthrough:///"+c.address,
		grpc.WithTransportCredentials(credentials.NewTLS(c.config.Clone())),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address)
		}),
		grpc.WithReadBufferSize(4096), grpc.WithWriteBufferSize(4096),
		grpc.WithChainUnaryInterceptor(retrying, note))
	if err != nil {
		return nil, nil, err
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "clusterid", "Kubernetes")
	if a.Token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+a.Token)
	}
	response, err := securityapi.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx,
		&securityapi.IstioCertificateRequest{Csr: a.csr, ValidityDuration: a.TTL, Metadata: &structpb.Struct{
			Fields: map[string]*structpb.Value{"CertSigner": structpb.NewStringValue("")},
		}})
	return connection, response.GetCertChain(), err
}
