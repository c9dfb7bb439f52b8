// Spireupstream plays a SPIRE server whose UpstreamAuthority is the plugin "cert-manager". It asks for an intermediate by
// a CertificateRequest as the plugin does, judges the answer as the server does, and lets go-spiffe verify what the server
// would hand out under it. An order comes in as JSON, an outcome goes out as JSON; a refusal is an outcome too.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Order is what server.conf says, and how to reach the API server.
type Order struct {
	API         Access  `json:"api"`
	Namespace   string  `json:"namespace"`
	Issuer      Issuer  `json:"issuer"`
	TrustDomain string  `json:"trustDomain"`
	Subject     Subject `json:"subject"`
	// ca_key_type: ec-p256, ec-p384, rsa-2048 or rsa-4096.
	KeyType string `json:"keyType"`
	// ca_ttl in seconds; a day where there is none.
	Seconds int64 `json:"seconds"`
	// How often to look at the request, four times a second; the plugin's 300 where there is none.
	Polls int `json:"polls"`
	// How many roots the bundle must hold; any number where there is none.
	Roots int `json:"roots"`
}

// Outcome is all that is known at the end.
type Outcome struct {
	// Where it ended: order, create, wait, answer, authority, workload, bundle; done where nothing was wrong.
	Stage string `json:"stage"`
	Error string `json:"error"`
	// From the making of the request to the look that found an end.
	Ms    int64  `json:"ms"`
	Polls int    `json:"polls"`
	Name  string `json:"name"`
	// Requests of this trust domain that were over and are deleted; why not all of them were.
	Swept     []string `json:"swept"`
	Unswept   string   `json:"unswept"`
	Authority *Facts   `json:"authority"`
	// Certificates of status.certificate.
	Chain int `json:"chain"`
	// Certificates of each way from the SVID to a root, both included.
	Verified []int  `json:"verified"`
	SVID     string `json:"svid"`
	// SHA-256 of each root in the bundle.
	Roots []string `json:"roots"`
	// Why a SPIRE server nested below this one could not work; empty where it could.
	Nested string `json:"nested"`
}

func main() {
	var order Order
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	outcome := Outcome{Swept: []string{}, Verified: []int{}, Roots: []string{}}
	if err := outcome.reach(order); err != nil {
		outcome.Error = err.Error()
	} else {
		outcome.Stage = "done"
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcome); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// reach goes through the stages and stops at the first that fails.
func (o *Outcome) reach(order Order) error {
	o.Stage = "order"
	trustDomain, err := spiffeid.TrustDomainFromString(order.TrustDomain)
	if err != nil {
		return err
	}
	key, err := newKey(order.KeyType)
	if err != nil {
		return err
	}
	csr, err := newCSR(key, trustDomain, order.Subject)
	if err != nil {
		return err
	}
	api, err := order.API.open()
	if err != nil {
		return err
	}
	chain, roots, err := plugin{api, order}.mint(csr, o)
	if err != nil {
		return err
	}
	minted := authority{trustDomain, key, chain, roots}
	o.Chain = len(chain)
	o.Authority = factsOf(chain[0])
	o.Stage = "authority"
	if err := minted.judge(); err != nil {
		return err
	}
	o.Stage = "workload"
	bundle, err := minted.bundle()
	if err != nil {
		return err
	}
	for _, root := range bundle.X509Authorities() {
		print := sha256.Sum256(root.Raw)
		o.Roots = append(o.Roots, hex.EncodeToString(print[:]))
	}
	id, ways, err := minted.serveWorkload("/ns/demo/sa/web", bundle)
	if err != nil {
		return err
	}
	o.SVID = id.String()
	for _, way := range ways {
		o.Verified = append(o.Verified, len(way))
	}
	if err := minted.serveNested(bundle); err != nil {
		o.Nested = err.Error()
	}
	o.Stage = "bundle"
	if order.Roots != 0 && len(o.Roots) != order.Roots {
		return fmt.Errorf("roots in the bundle: %d, not %d", len(o.Roots), order.Roots)
	}
	return nil
}
